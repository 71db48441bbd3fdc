"""What a revision's specification may say, and the digest that an approval is bound to."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from apps.deployments.errors import BadDeploymentName, BadSpec

STEPS = ("preprocess", "infer", "postprocess")
DEVICES = ("auto", "cpu", "cuda")
#: Name -> least and most.
LIMITS = {"replicas": (1, 64), "batch_max": (1, 1024), "timeout_ms": (100, 600_000), "max_in_flight": (1, 100_000)}
NOTE_LENGTH = 2000
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: What the gateway says at `/v2/models/stats` is no deployment's.
_RESERVED = frozenset({"stats"})
_STAGE_FIELDS = {"name", "steps", "device", "replicas", "batch_max"}


def check_deployment_name(name: str) -> str:
    """`name`, or BadDeploymentName: it becomes part of addresses and of stream names."""
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise BadDeploymentName(f"'{name[:80]}' cannot name a deployment.")
    if name in _RESERVED:
        raise BadDeploymentName(f"'{name}' is an address of the gateway's own.", remedy="Choose another name.")
    return name


def one_stage(replicas: int, device: str, batch_max: int) -> list[dict[str, Any]]:
    """The usual pipeline: every step in one process, which costs the least latency."""
    return [{"name": "all", "steps": list(STEPS), "device": device, "replicas": replicas, "batch_max": batch_max}]


def normalised(
    stages: Sequence[Mapping[str, Any]], *, timeout_ms: int, max_in_flight: int, note: str
) -> dict[str, Any]:
    """The specification as it is stored, or BadSpec saying which field is wrong."""
    if len(note) > NOTE_LENGTH:
        raise BadSpec(f"The note has {len(note)} characters; {NOTE_LENGTH} are allowed.")
    stored = [_stage(stage) for stage in stages]
    _check_pipeline(stored)
    return {
        "stages": stored,
        "timeout_ms": _within("timeout_ms", timeout_ms),
        "max_in_flight": _within("max_in_flight", max_in_flight),
        "note": note,
    }


def digest(version_digest: str, spec: Mapping[str, Any]) -> str:
    """SHA-256 hex over the version's digest and the specification in canonical JSON."""
    canonical = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{version_digest}\n{canonical}".encode()).hexdigest()


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(stage.keys() - _STAGE_FIELDS)
    if unknown:
        raise BadSpec(f"A stage has {', '.join(sorted(_STAGE_FIELDS))}, not {', '.join(unknown)}.")
    if not {"name", "steps"} <= stage.keys():
        raise BadSpec("A stage needs a name and steps.")
    name, device = str(stage["name"]), stage.get("device", "auto")
    if len(name) > 30 or not _NAME.fullmatch(name):
        raise BadSpec(f"'{name[:80]}' cannot name a stage: use lower-case letters, digits and hyphens, 30 at most.")
    if device not in DEVICES:
        raise BadSpec(f"Stage '{name}' asks for device '{device}'; use one of {', '.join(DEVICES)}.")
    return {
        "name": name,
        "steps": list(stage["steps"]),
        "device": device,
        "replicas": _within("replicas", stage.get("replicas", 1)),
        "batch_max": _within("batch_max", stage.get("batch_max", 32)),
    }


def _check_pipeline(stages: list[dict[str, Any]]) -> None:
    steps = tuple(step for stage in stages for step in stage["steps"])
    if steps != STEPS or not all(stage["steps"] for stage in stages):
        raise BadSpec(f"The stages together must hold the steps {', '.join(STEPS)}, each once, in this order.")
    if len({stage["name"] for stage in stages}) != len(stages):
        raise BadSpec("Two stages have the same name.")


def _within(name: str, value: Any) -> int:
    least, most = LIMITS[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadSpec(f"{name} is {value!r}; use a whole number from {least} to {most}.")
    return value
