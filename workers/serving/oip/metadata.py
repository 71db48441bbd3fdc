"""What the protocol tells about the server and its models, as JSON-ready dicts."""

from typing import Any

from workers.serving.oip.request import MAX_SAMPLES
from workers.serving.routing import DeploymentRoute, InputSpec, OutputSpec

SERVER = {"name": "quartet", "version": "2", "extensions": ["binary_tensor_data", "model_configuration", "statistics"]}

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


def statistics(name: str, version: str, good: tuple[int, int], bad: tuple[int, int]) -> dict[str, Any]:
    """One entry of Triton's model_stats; `good` and `bad` are (requests, nanoseconds in all) since the gateway began.

    Only whole requests are measured here, so the shares of queue and compute are left out rather than given as zero.
    """
    return {
        "name": name,
        "version": version,
        "inference_count": good[0],
        "execution_count": good[0],
        "inference_stats": {
            "success": {"count": good[0], "ns": good[1]},
            "fail": {"count": bad[0], "ns": bad[1]},
        },
    }


def _tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _config_tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    data_type = _TRITON_TYPES.get(spec.datatype, f"TYPE_{spec.datatype}")
    return {"name": spec.name, "data_type": data_type, "dims": list(spec.shape[1:]) or [1]}
