"""The usual inputs of a request, one sample with each declared input flat in its JSON, read by the shortest way.

Whatever is not just so is left to the careful reader (see request.py), which knows all forms and says what is wrong.
"""

from typing import Any

from workers.serving.oip import elements
from workers.serving.routing import DeploymentRoute, InputSpec
from workers.serving.tensors import Sample, Tensor

_WHOLE = {int}


def sample(inputs: Any, route: DeploymentRoute) -> Sample | None:
    """The one sample; None when the careful reader has to look. Raises the BadInput that it would raise."""
    if type(inputs) is not list or len(inputs) != len(route.inputs) or route.require_any:
        return None
    found: Sample = {}
    for spec, item in zip(route.inputs, inputs, strict=True):
        tensor = _tensor(spec, item)
        if tensor is None:
            return None
        found[spec.name] = tensor
    return found


def _tensor(spec: InputSpec, item: Any) -> Tensor | None:
    if type(item) is not dict or len(item) != 4 or item.get("name") != spec.name:
        return None
    shape, data = item.get("shape"), item.get("data")
    if item.get("datatype") != spec.datatype or type(shape) is not list or type(data) is not list:
        return None
    if len(shape) != len(spec.shape) or set(map(type, shape)) != _WHOLE or shape[0] != 1:
        return None
    count = 1
    for wanted, sent in zip(spec.shape, shape, strict=True):
        if sent < 1 or (wanted != sent and wanted != -1):
            return None
        count *= sent
    return elements.one(spec, tuple(shape[1:]), data) if len(data) == count else None
