"""What the protocol tells about the server and its models, as JSON-ready dicts."""

from collections.abc import Iterable
from typing import Any

from workers.serving.accounts import Row, StageRow
from workers.serving.oip.request import MAX_SAMPLES
from workers.serving.routing import DeploymentRoute, InputSpec, OutputSpec

SERVER = {
    "name": "quartet",
    "version": "2",
    "extensions": [
        "binary_tensor_data",
        "model_configuration",
        "model_repository",
        "schedule_policy",
        "statistics",
    ],
}

_TRITON_TYPES = {"BYTES": "TYPE_STRING"}


def model(name: str, route: DeploymentRoute) -> dict[str, Any]:
    """Model metadata; `versions` are those that take traffic now."""
    return {
        "name": name,
        "versions": list(dict.fromkeys(split.version for split in route.splits)),
        "platform": "quartet",
        "inputs": [_tensor(spec) for spec in route.inputs],
        "outputs": [_tensor(spec) for spec in route.outputs],
    }


def config(name: str, route: DeploymentRoute) -> dict[str, Any]:
    """Triton's model configuration, as far as its clients and load tools read it; dims leave the batch out."""
    return {
        "name": name,
        "platform": "quartet",
        "backend": "quartet",
        "max_batch_size": MAX_SAMPLES,
        "input": [_config_tensor(spec) | {"optional": not spec.required} for spec in route.inputs],
        "output": [_config_tensor(spec) for spec in route.outputs],
    }


def statistics(name: str, version: str, row: Row) -> dict[str, Any]:
    """One entry of Triton's model_stats: counts and nanoseconds in all, since the gateway began."""
    bad = sum(row.errors.values())
    good = row.requests - bad
    stages = row.stages.values()
    whole_batches = [stage.batches for stage in stages]
    return {
        "name": name,
        "version": version,
        "last_inference": row.last_ms,
        "inference_count": row.samples,
        "execution_count": round(max(whole_batches, default=good)),
        "inference_stats": {
            "success": _sum(good, row.good_seconds),
            "fail": _sum(bad, row.bad_seconds),
            "queue": _sum(good, sum(stage.queued_seconds for stage in stages)),
            "compute_input": _sum(good, _seconds(stages, "preprocess")),
            "compute_infer": _sum(good, _seconds(stages) - _seconds(stages, "preprocess", "postprocess")),
            "compute_output": _sum(good, _seconds(stages, "postprocess")),
            "cache_hit": _sum(0, 0.0),
            "cache_miss": _sum(0, 0.0),
        },
        "batch_stats": [],
    }


def _sum(count: int, seconds: float) -> dict[str, int]:
    return {"count": count, "ns": int(seconds * 1e9)}


def _seconds(stages: Iterable[StageRow], *steps: str) -> float:
    """What the batches took in these steps, or in all."""
    return sum(seconds for stage in stages for step, seconds in stage.steps.items() if not steps or step in steps)


def _tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _config_tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    data_type = _TRITON_TYPES.get(spec.datatype, f"TYPE_{spec.datatype}")
    return {"name": spec.name, "data_type": data_type, "dims": list(spec.shape[1:]) or [1]}
