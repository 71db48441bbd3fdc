"""What the manifests of these models have in common."""

from typing import Any

_STEPS = {"preprocess": "cpu", "infer": "auto", "postprocess": "cpu"}


def manifest(name: str, task: str, license_name: str, description: str, **parts: Any) -> dict[str, Any]:
    """A manifest whose stages are all the task's built-in handler; `parts` are its inputs, outputs and samples."""
    return {
        "format": 1,
        "name": name,
        "task": task,
        "description": description,
        "license": license_name,
        **parts,
        "stages": [{"name": step, "handler": f"builtin:{task}", "device": device} for step, device in _STEPS.items()],
    }
