"""The steps a replica hosts, run over a batch: decode, preprocess, predict, postprocess, encode.

The same code runs whether the steps are fused in one process or stand apart. One sample's failure stays its own: every
function here takes and gives a list of outcomes, in which a failed sample is the error it failed with.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np

from workers.serving import media
from workers.serving.device import is_engine_dead
from workers.serving.errors import BadInput, ModelFailed, ModelOutputWrong, ServingError
from workers.serving.hooks import Handler
from workers.serving.routing import InputSpec, OutputSpec
from workers.serving.tensors import BYTES, DTYPES, Sample, Tensor, from_array, to_array

log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]
Outcome = Sample | ServingError
In = TypeVar("In")
Out = TypeVar("Out")

STEPS = ("preprocess", "infer", "postprocess")


class EngineDied(Exception):
    """The device or runtime is of no more use; the process has to end."""


class Pipeline:
    """The hosted steps with their hooks, resolved once."""

    def __init__(self, manifest: Mapping[str, Any], handlers: Mapping[str, Handler], batch_max: int) -> None:
        """`handlers` maps each hosted step to the loaded handler that serves it."""
        self._inputs = {spec.name: spec for spec in msgspec.convert(manifest["inputs"], list[InputSpec])}
        self._outputs = msgspec.convert(manifest["outputs"], list[OutputSpec])
        self._batch_max = batch_max
        self._preprocess = handlers["preprocess"].preprocess if "preprocess" in handlers else None
        self._predict = handlers["infer"].predict if "infer" in handlers else None
        self._postprocess = handlers["postprocess"].postprocess if "postprocess" in handlers else None

    def run(self, samples: list[Sample]) -> list[Outcome]:
        """One outcome a sample, in order. Raises EngineDied."""
        values: list[Any] = _each(samples, "preprocess", self._prepare if self._preprocess else _to_arrays)
        if self._predict:
            values = self._infer(values)
        return _each(values, "postprocess", self._conclude if self._postprocess else _to_tensors)

    def _prepare(self, sample: Sample) -> Arrays:
        assert self._preprocess is not None
        decoded = {name: _decode(self._inputs[name], tensor) for name, tensor in sample.items()}
        try:
            return _arrays("preprocess", self._preprocess(decoded))
        except ValueError as error:
            raise BadInput(f"The model cannot use the input: {error}") from error

    def _infer(self, values: list[Any]) -> list[Any]:
        """Predict what has not failed, at most batch_max at once, and put the results back in their places."""
        good = [place for place, value in enumerate(values) if not isinstance(value, ServingError)]
        results = list(values)
        for at in range(0, len(good), self._batch_max):
            places = good[at : at + self._batch_max]
            for place, outcome in zip(places, self._predict_batch([values[each] for each in places]), strict=True):
                results[place] = outcome
        return results

    def _predict_batch(self, batch: list[Arrays]) -> list[Any]:
        """A batch that fails is tried again one by one, so that one bad sample does not fail its neighbours."""
        assert self._predict is not None
        try:
            return _checked(self._predict(batch), len(batch))
        except Exception as error:
            if is_engine_dead(error):
                raise EngineDied(_brief(error)) from error
            if len(batch) == 1:
                log.exception("predict failed")
                return [_blame("predict", error)]
            log.warning("predict failed on a batch of %d, trying one by one: %s", len(batch), _brief(error))
        return [self._predict_batch([one])[0] for one in batch]

    def _conclude(self, prediction: Arrays) -> Sample:
        assert self._postprocess is not None
        answer = self._postprocess(prediction)
        if not isinstance(answer, Mapping):
            raise ModelOutputWrong(f"postprocess gave {type(answer).__name__}, not a dict of outputs.")
        return {spec.name: _encode(spec, answer) for spec in self._outputs}


def _each(values: list[In], step: str, function: Callable[[In], Out]) -> list[Out | ServingError]:
    return [value if isinstance(value, ServingError) else _attempt(value, step, function) for value in values]


def _attempt(value: In, step: str, function: Callable[[In], Out]) -> Out | ServingError:
    try:
        return function(value)
    except ServingError as error:
        return error
    except Exception as error:
        if is_engine_dead(error):
            raise EngineDied(_brief(error)) from error
        log.exception("%s failed", step)
        return _blame(step, error)


def _blame(step: str, error: Exception) -> ModelFailed:
    failed = ModelFailed(f"The model's {step} failed: {_brief(error)}")
    failed.__cause__ = error
    return failed


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _decode(spec: InputSpec, tensor: Tensor) -> Any:
    if spec.modality in media.MODALITIES:
        return media.decode(spec, _only(spec, tensor))
    return to_array(tensor)


def _only(spec: InputSpec, tensor: Tensor) -> bytes:
    if tensor.datatype != BYTES or len(tensor.data) != 1:
        media.refuse(spec, f"a sample takes one {spec.modality}, not {len(tensor.data)}")
    return tensor.elements[0]


def _to_arrays(sample: Sample) -> Arrays:
    return {name: to_array(tensor) for name, tensor in sample.items()}


def _to_tensors(values: Arrays) -> Sample:
    try:
        return {name: from_array(array) for name, array in values.items()}
    except TypeError as error:
        raise ModelOutputWrong(f"What a stage gives cannot be passed on: {error}.") from error


def _arrays(step: str, values: Any) -> Arrays:
    """What a hook gave, as arrays: fused stages see exactly what separate ones would receive from the stream."""
    if not isinstance(values, Mapping):
        raise ModelOutputWrong(f"{step} gave {type(values).__name__}, not a dict of arrays.")
    return {str(name): np.asarray(value) for name, value in values.items()}


def _checked(predictions: Any, count: int) -> list[Arrays]:
    if not isinstance(predictions, list) or len(predictions) != count:
        told = len(predictions) if isinstance(predictions, list) else type(predictions).__name__
        raise ModelOutputWrong(f"predict was given {count} samples and gave back {told}.")
    return [_arrays("predict", each) for each in predictions]


def _encode(spec: OutputSpec, answer: Mapping[str, Any]) -> Tensor:
    if spec.name not in answer:
        raise ModelOutputWrong(f"postprocess did not give the output '{spec.name}'.")
    array = _typed(spec, answer[spec.name])
    wanted = spec.shape[1:]
    if len(wanted) != array.ndim or any(each not in (-1, got) for each, got in zip(wanted, array.shape, strict=True)):
        raise ModelOutputWrong(f"Output '{spec.name}' has shape {list(array.shape)}, not the declared {list(wanted)}.")
    return from_array(array)


def _typed(spec: OutputSpec, value: Any) -> np.ndarray:
    try:
        if spec.datatype == BYTES:
            return np.array(value, dtype=object)
        return np.asarray(value).astype(DTYPES[spec.datatype], casting="same_kind", copy=False)
    except (TypeError, ValueError) as error:
        raise ModelOutputWrong(f"Output '{spec.name}' is not {spec.datatype}: {error}") from error
