"""What a revision's specification may say, and the digest that an approval is bound to."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.core.bounds import whole_fault
from apps.core.rules import canonical
from apps.deployments.errors import BadDeploymentName, BadSpec
from apps.deployments.rules.canary import stepped
from apps.deployments.rules.groups import ManifestStage, arranged
from apps.deployments.rules.recording import recorded
from apps.deployments.rules.shadow import WAIT, mirrored
from apps.registry.rules import manifest_parts
from apps.registry.rules.stages import in_order

DEVICES = ("auto", "cpu", "cuda")
STRATEGIES = (BLUE_GREEN, ROLLING, CANARY, AB, SHADOW) = ("blue_green", "rolling", "canary", "ab", "shadow")
#: Those that let a revision in by degrees; see rules/canary.py.
BY_DEGREES = (CANARY, AB)
MISSING_INPUTS = (ANSWER, REJECT) = ("answer", "reject")
#: Name -> least and most.
LIMITS = {
    "replicas": (1, 64),
    "min_replicas": (0, 64),
    "max_replicas": (1, 64),
    "batch_max": manifest_parts.BATCH_MAX,
    "batch_bytes": manifest_parts.BATCH_BYTES,
    "timeout_ms": (100, 600_000),
    "max_in_flight": (1, 100_000),
    "surge": (1, 64),
    "keep_s": (0, 86_400),
    "version": (1, 2**31 - 1),
}
#: What makes a stage grow and shrink: see rules/scale.py.
SCALE_LIMITS = {
    "queue_ms": (1, 600_000),
    "in_flight": (1, 100_000),
    "up_s": (0, 3_600),
    "down_s": (0, 86_400),
    "idle_s": (1, 86_400),
}
#: What a specification from before these fields meant.
DEFAULTS: dict[str, Any] = {
    **{"strategy": BLUE_GREEN, "surge": 1, "keep_s": 60, "missing_inputs": ANSWER},
    "record": recorded({}),
}
#: Usual ones.
TIMEOUT_MS, MAX_IN_FLIGHT = 30_000, 256
BATCH_MAX, BATCH_BYTES = 32, 64 * 1024**2
NOTE_LENGTH = 2000
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: What the gateway says at `/v2/models/stats` is no deployment's.
_RESERVED = frozenset({"stats"})
_BOUNDS = ("replicas", "min_replicas", "max_replicas")
_STAGE_FIELDS = {"name", "steps", "device", *_BOUNDS, "batch_max", "batch_bytes", "scale", "version"}


def check_deployment_name(name: str) -> str:
    """`name`, or BadDeploymentName: it becomes part of addresses and of stream names."""
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise BadDeploymentName(f"'{name[:80]}' cannot name a deployment.")
    if name in _RESERVED:
        raise BadDeploymentName(f"'{name}' is an address of the gateway's own.", remedy="Choose another name.")
    return name


def one_stage(stages: Sequence[ManifestStage], **fields: Any) -> list[dict[str, Any]]:
    """The usual pipeline: every stage of the manifest in one process, which costs the least latency."""
    return [{"name": "all", "steps": in_order(stages), **fields}]


def normalised(
    groups: Iterable[Mapping[str, Any]],
    *,
    stages: Sequence[ManifestStage],
    version: int,
    timeout_ms: int,
    max_in_flight: int,
    note: str,
    strategy: str = BLUE_GREEN,
    surge: int = 1,
    keep_s: int = 60,
    missing_inputs: str = ANSWER,
    record: Mapping[str, Any] | None = None,
    canary: Mapping[str, Any] | None = None,
    shadow: Mapping[str, Any] | None = None,
    others: Mapping[int, Sequence[ManifestStage]] | None = None,
) -> dict[str, Any]:
    """The specification as it is stored, or BadSpec saying which field is wrong.

    `groups` hold the manifest's `stages` (spelt out); `version` is the number that a group without one is of. `others`
    are the stages of the other versions that groups are of: what a group does not say of its batch, its version does.
    """
    if len(note) > NOTE_LENGTH:
        raise BadSpec(f"The note has {len(note)} characters; {NOTE_LENGTH} are allowed.")
    return {
        "stages": arranged([_group(group, version, {**(others or {}), version: stages}) for group in groups], stages),
        "timeout_ms": _within("timeout_ms", timeout_ms),
        "max_in_flight": _within("max_in_flight", max_in_flight),
        "strategy": _one_of("strategy", strategy, STRATEGIES),
        "surge": _within("surge", surge),
        "keep_s": _within("keep_s", keep_s),
        "missing_inputs": _one_of("missing_inputs", missing_inputs, MISSING_INPUTS),
        "record": recorded(record or {}),
        **planned(strategy, canary, shadow),
        "note": note,
    }


def planned(
    strategy: str, canary: Mapping[str, Any] | None, shadow: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """The plans of a strategy that has any, by name, with every default; BadSpec where one does not fit."""
    if shadow is not None and strategy != SHADOW:
        raise BadSpec(f"shadow has a meaning for the strategy {SHADOW} alone.")
    plans = {"shadow": mirrored(shadow or {})} if strategy == SHADOW else {}
    goes_on = strategy == SHADOW and plans["shadow"]["then"] == CANARY
    if canary is not None and strategy not in BY_DEGREES and not goes_on:
        raise BadSpec(
            f"canary has a meaning for the strategies {' and '.join(BY_DEGREES)}, and where shadow.then is {CANARY}."
        )
    if strategy in BY_DEGREES or goes_on:
        plans["canary"] = stepped(canary or {}, CANARY if goes_on else strategy)
    return plans


def usual(spec: Mapping[str, Any], *, version: int, known: Mapping[int, Sequence[ManifestStage]]) -> dict[str, Any]:
    """What a specification with the same stages and strategy would be if nothing else had been said.

    `known` holds the manifests' stages by the number of the version, which groups without one are `version` of.
    """
    goes_on = spec["shadow"]["then"] if "shadow" in spec else None
    plans = planned(setting(spec, "strategy"), None, {"then": goes_on} if goes_on else None)
    if goes_on:
        plans["shadow"]["then"] = WAIT
    own = [{name: group[name] for name in ("name", "steps", "version") if name in group} for group in spec["stages"]]
    return {
        **DEFAULTS,
        **plans,
        "strategy": setting(spec, "strategy"),
        "timeout_ms": TIMEOUT_MS,
        "max_in_flight": MAX_IN_FLIGHT,
        "stages": [_group(group, version, known) for group in own],
    }


def setting(spec: Mapping[str, Any], name: str) -> Any:
    """One of DEFAULTS as the stored specification says it, or as it was meant before there was such a field."""
    return spec.get(name, DEFAULTS[name])


def digest(version_digest: str, spec: Mapping[str, Any], others: Iterable[str] = ()) -> str:
    """SHA-256 hex over the version's digest, those of other versions that groups are of, and the specification."""
    versions = [version_digest, *sorted(set(others) - {version_digest})]
    return hashlib.sha256("\n".join([*versions, canonical(spec)]).encode()).hexdigest()


def group_version(group: Mapping[str, Any], version: int) -> int:
    """The number of the version that a group is of: `version`, unless it says another. Raises BadSpec."""
    return _within("version", group.get("version") or version)


def _group(group: Mapping[str, Any], version: int, known: Mapping[int, Sequence[ManifestStage]]) -> dict[str, Any]:
    unknown = sorted(group.keys() - _STAGE_FIELDS)
    if unknown:
        raise BadSpec(f"A stage has {', '.join(sorted(_STAGE_FIELDS))}, not {', '.join(unknown)}.")
    if not {"name", "steps"} <= group.keys():
        raise BadSpec("A stage needs a name and steps.")
    name = str(group["name"])
    if len(name) > 30 or not _NAME.fullmatch(name):
        raise BadSpec(f"'{name[:80]}' cannot name a stage: use lower-case letters, digits and hyphens, 30 at most.")
    least, most = _bounds(name, group)
    steps, of = list(group["steps"]), group_version(group, version)
    own = [stage for stage in known.get(of, ()) if stage["name"] in steps]
    batch_max = _batch("batch_max", group, own, BATCH_MAX)
    return {
        "name": name,
        "steps": steps,
        "device": _one_of("device", group.get("device", "auto"), DEVICES),
        "min_replicas": least,
        "max_replicas": most,
        "batch_max": batch_max,
        "batch_bytes": _batch("batch_bytes", group, own, BATCH_BYTES),
        "scale": _scale(group.get("scale") or {}, batch_max),
        "version": of,
    }


def _batch(field: str, group: Mapping[str, Any], own: Iterable[ManifestStage], usual: int) -> int:
    """What the group says; else the least that the manifest says of its steps, which suits them all; else `usual`."""
    if group.get(field) is not None:
        return _within(field, group[field])
    return min((stage[field] for stage in own if stage.get(field)), default=usual)


def _bounds(name: str, group: Mapping[str, Any]) -> tuple[int, int]:
    """The least and most replicas; `replicas` says both."""
    given = {field: _within(field, group[field]) for field in _BOUNDS if group.get(field) is not None}
    if "replicas" in given:
        if len(given) > 1:
            raise BadSpec(f"Stage '{name}' says replicas and bounds; use either replicas or min_ and max_replicas.")
        return given["replicas"], given["replicas"]
    least = given.get("min_replicas", 1)
    most = given.get("max_replicas", max(least, 1))
    if least > most:
        raise BadSpec(f"Stage '{name}' has min_replicas {least}, which is more than its max_replicas {most}.")
    return least, most


def _scale(given: Mapping[str, Any], batch_max: int) -> dict[str, int]:
    defaults = {"queue_ms": 100, "in_flight": 2 * batch_max, "up_s": 2, "down_s": 60, "idle_s": 300}
    unknown = sorted(given.keys() - defaults.keys())
    if unknown:
        raise BadSpec(f"A stage's scale has {', '.join(defaults)}, not {', '.join(unknown)}.")
    return {name: _number(f"scale.{name}", given.get(name, defaults[name]), SCALE_LIMITS[name]) for name in defaults}


def _one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise BadSpec(f"{name} is '{str(value)[:80]}'; use one of {', '.join(allowed)}.")
    return str(value)


def _within(name: str, value: Any) -> int:
    return _number(name, value, LIMITS[name])


def _number(name: str, value: Any, limits: tuple[int, int]) -> int:
    if fault := whole_fault(name, value, limits):
        raise BadSpec(fault)
    return int(value)
