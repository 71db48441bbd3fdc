"""What the manifests of these models have in common."""

from typing import Any

_STEPS = {"preprocess": "cpu", "infer": "auto", "postprocess": "cpu"}


def manifest(
    name: str, task: str, license_name: str, description: str, batch_max: int | None = None, **parts: Any
) -> dict[str, Any]:
    """A manifest whose stages are all the task's built-in handler; `parts` are its inputs, outputs and samples.

    `batch_max` is the number of samples that `infer` should be given at most, where that is not the usual.
    """
    return {
        "format": 1,
        "name": name,
        "task": task,
        "description": description,
        "license": license_name,
        **parts,
        "stages": [_stage(step, task, device, batch_max) for step, device in _STEPS.items()],
    }


def _stage(step: str, task: str, device: str, batch_max: int | None) -> dict[str, Any]:
    stage: dict[str, Any] = {"name": step, "handler": f"builtin:{task}", "device": device}
    return stage | ({"batch_max": batch_max} if step == "infer" and batch_max else {})
