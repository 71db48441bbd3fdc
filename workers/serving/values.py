"""Values between the steps of a pipeline: from the request's tensors to what hooks are given, and back.

Fused stages see exactly what separate ones would receive from the stream. Every refusal is a ServingError.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workers.serving import media
from workers.serving.errors import ModelOutputWrong, ServingError
from workers.serving.routing import InputSpec, OutputSpec
from workers.serving.tensors import BF16, BYTES, DTYPES, Sample, Tensor, from_array, to_array, to_bf16

Arrays = dict[str, np.ndarray]

_FP32 = DTYPES["FP32"]


def decoded(inputs: Mapping[str, InputSpec], sample: Sample) -> dict[str, Any]:
    """The request's inputs as a model's preprocess is given them."""
    return {name: _decode(inputs[name], tensor) for name, tensor in sample.items()}


def to_arrays(sample: Sample) -> Arrays:
    """What another stage gave, as arrays."""
    return {name: to_array(tensor) for name, tensor in sample.items()}


def to_tensors(arrays: Arrays) -> Sample:
    """What goes on to another stage."""
    try:
        return {name: from_array(array) for name, array in arrays.items()}
    except TypeError as error:
        raise ModelOutputWrong(f"What a stage gives cannot be passed on: {error}.") from error


def arrays(step: str, given: Any) -> Arrays:
    """What a hook gave, as arrays."""
    if type(given) is not dict and not isinstance(given, Mapping):
        raise ModelOutputWrong(f"{step} gave {type(given).__name__}, not a dict of arrays.")
    return {str(name): np.asarray(value) for name, value in given.items()}


def predictions(given: Any, count: int) -> list[Arrays]:
    """What predict gave for `count` samples."""
    if not isinstance(given, list) or len(given) != count:
        told = len(given) if isinstance(given, list) else type(given).__name__
        raise ModelOutputWrong(f"predict was given {count} samples and gave back {told}.")
    return [arrays("predict", each) for each in given]


def joined(parts: Sequence[Mapping[str, Any] | ServingError]) -> Any:
    """The values of several stages as one, or the first error among them."""
    whole: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, ServingError):
            return part
        twice = whole.keys() & part.keys()
        if twice:
            return ModelOutputWrong(f"Two of the stages that are joined give '{min(twice)}'.")
        whole |= part
    return whole


def concluded(outputs: Sequence[OutputSpec], answer: Any) -> Sample:
    """What postprocess gave, in the shapes and datatypes that the manifest declares."""
    if type(answer) is not dict and not isinstance(answer, Mapping):
        raise ModelOutputWrong(f"postprocess gave {type(answer).__name__}, not a dict of outputs.")
    return {spec.name: _encode(spec, answer) for spec in outputs}


def _decode(spec: InputSpec, tensor: Tensor) -> Any:
    if spec.modality in media.MODALITIES:
        return media.decode(spec, _only(spec, tensor))
    return to_array(tensor)


def _only(spec: InputSpec, tensor: Tensor) -> bytes:
    if tensor.datatype != BYTES or len(tensor.data) != 1:
        media.refuse(spec, f"a sample takes one {spec.modality}, not {len(tensor.data)}")
    return tensor.elements[0]


def _encode(spec: OutputSpec, answer: Mapping[str, Any]) -> Tensor:
    if spec.name not in answer:
        raise ModelOutputWrong(f"postprocess did not give the output '{spec.name}'.")
    array = _typed(spec, answer[spec.name])
    wanted = spec.shape[1:]
    if array.shape != wanted and not _fits(array.shape, wanted):
        raise ModelOutputWrong(f"Output '{spec.name}' has shape {list(array.shape)}, not the declared {list(wanted)}.")
    if spec.datatype == BYTES:
        return from_array(array)
    return to_bf16(array) if spec.datatype == BF16 else Tensor(spec.datatype, array.shape, array.tobytes())


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(wanted) == len(shape) and all(each in (-1, got) for each, got in zip(wanted, shape, strict=True))


def _typed(spec: OutputSpec, value: Any) -> np.ndarray:
    try:
        if spec.datatype == BYTES:
            return np.array(value, dtype=object)
        return np.asarray(value).astype(DTYPES.get(spec.datatype, _FP32), casting="same_kind", copy=False)
    except (TypeError, ValueError) as error:
        raise ModelOutputWrong(f"Output '{spec.name}' is not {spec.datatype}: {error}") from error
