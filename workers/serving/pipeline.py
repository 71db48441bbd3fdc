"""The steps a replica hosts, run over a batch: decode, preprocess, predict, postprocess, encode.

The same code runs whether the steps are fused in one process or stand apart. One sample's failure stays its own: every
function here takes and gives a list of outcomes, in which a failed sample is the error it failed with.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from workers.serving import values
from workers.serving.batching import batches
from workers.serving.device import is_engine_dead
from workers.serving.errors import BadInput, ModelFailed, ServingError
from workers.serving.hooks import Handler, streams
from workers.serving.record import Reading
from workers.serving.routing import InputSpec, OutputSpec
from workers.serving.steps import POSTPROCESS, PREDICT, PREPROCESS, Step, hosted
from workers.serving.tensors import Sample
from workers.serving.values import Arrays

log = logging.getLogger(__name__)

Outcome = Sample | ServingError
In = TypeVar("In")
Out = TypeVar("Out")

BATCH_BYTES = 64 * 1024 * 1024


class EngineDied(Exception):
    """The device or runtime is of no more use; the process has to end."""


@dataclass(frozen=True, slots=True)
class _Hosted:
    """One step with its hook; `here` are the steps it takes from in this process, and `outside` whether also others."""

    step: Step
    handler: Handler
    here: tuple[str, ...]
    outside: bool


class Pipeline:
    """The hosted steps with their hooks, resolved once."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        handlers: Mapping[str, Handler],
        batch_max: int,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        """`handlers` maps each hosted step to the loaded handler that serves it. A batch holds at most `batch_max`
        samples and `batch_bytes` bytes of what preprocess gave."""
        self._inputs = {spec.name: spec for spec in msgspec.convert(manifest["inputs"], list[InputSpec])}
        self._outputs = msgspec.convert(manifest["outputs"], list[OutputSpec])
        self.reading = Reading(manifest["outputs"])
        self._batch_max = batch_max
        self._batch_bytes = batch_bytes
        self._steps = [_placed(step, handlers) for step in hosted(manifest, handlers)]
        taken = {name for each in self._steps for name in each.here}
        self._ends = [each.step for each in self._steps if each.step.name not in taken]

    @property
    def can_stream(self) -> bool:
        """Whether callers can be told what is known so far: the one step that predicts streams, the rest is here."""
        predicting = [each for each in self._steps if each.step.hook == PREDICT]
        chain = all(len(each.step.after) <= 1 for each in self._steps)
        told = len(predicting) == 1 and streams(predicting[0].handler)
        return told and chain and self._steps[-1].step.is_last

    def run(self, samples: Sequence[Sample]) -> list[Outcome]:
        """One outcome a sample, in order. Raises EngineDied."""
        return self.timed(samples)[0]

    def timed(self, samples: Sequence[Sample]) -> tuple[list[Outcome], dict[str, float]]:
        """The same, and the seconds of each step."""
        given: dict[str, list[Any]] = {}
        seconds: dict[str, float] = {}
        for each in self._steps:
            began = time.perf_counter()
            given[each.step.name] = self._run(each, self._given(each, samples, given))
            seconds[each.step.name] = time.perf_counter() - began
        return self._results([given[step.name] for step in self._ends]), seconds

    def _results(self, ends: list[list[Any]]) -> list[Outcome]:
        results = ends[0] if len(ends) == 1 else [values.joined(parts) for parts in zip(*ends, strict=True)]
        return results if self._ends[0].is_last else _each(results, "handing on", values.to_tensors)

    def stream(self, sample: Sample) -> Generator[Outcome]:
        """What is known so far, each time more of it; the last is the answer. Only where `can_stream`.

        To close the iterator ends the handler's own. Raises EngineDied.
        """
        place = next(at for at, each in enumerate(self._steps) if each.step.hook == PREDICT)
        (value,) = self._through(self._steps[:place], [sample])
        if isinstance(value, ServingError):
            yield value
            return
        handler = self._steps[place].handler
        assert streams(handler)
        parts = handler.stream(value)
        try:
            while True:
                (part,) = _each([parts], "stream", _next_part)
                if part is None:
                    return
                (outcome,) = self._through(self._steps[place + 1 :], [part])
                yield outcome
                if isinstance(outcome, ServingError):
                    return
        finally:
            parts.close()

    def _through(self, steps: Sequence[_Hosted], through: list[Any]) -> list[Any]:
        for each in steps:
            through = self._run(each, through)
        return through

    def _given(self, each: _Hosted, samples: Sequence[Sample], given: Mapping[str, list[Any]]) -> list[Any]:
        """What a step is called with: one value a sample."""
        if not each.step.after:
            return list(samples)
        sources = [given[name] for name in each.here]
        if each.outside:
            sources.append(_each(list(samples), each.step.name, values.to_arrays))
        return sources[0] if len(sources) == 1 else [values.joined(parts) for parts in zip(*sources, strict=True)]

    def _run(self, each: _Hosted, given: list[Any]) -> list[Any]:
        if each.step.hook == PREDICT:
            return self._predict(each, given)
        name, handler = each.step.name, each.handler
        if each.step.hook == PREPROCESS:
            decode = not each.step.after
            return _each(given, name, lambda sample: self._preprocess(name, handler, sample, decode))
        assert each.step.hook == POSTPROCESS
        return _each(given, name, lambda prediction: values.concluded(self._outputs, handler.postprocess(prediction)))

    def _preprocess(self, name: str, handler: Handler, sample: Any, decode: bool) -> Arrays:
        decoded = values.decoded(self._inputs, sample) if decode else sample
        try:
            return values.arrays(name, handler.preprocess(decoded))
        except ValueError as error:
            raise BadInput(f"The model cannot use the input: {error}") from error

    def _predict(self, each: _Hosted, given: list[Any]) -> list[Any]:
        """Predict what has not failed, in batches, and put the results back in their places."""
        good = [place for place, value in enumerate(given) if not isinstance(value, ServingError)]
        results = list(given)
        for batch in batches([given[place] for place in good], self._batch_max, self._batch_bytes):
            places = [good[at] for at in batch]
            outcomes = self._predict_batch(each, [given[place] for place in places])
            for place, outcome in zip(places, outcomes, strict=True):
                results[place] = outcome
        return results

    def _predict_batch(self, each: _Hosted, batch: list[Arrays]) -> list[Any]:
        """A batch that fails is tried again one by one, so that one bad sample does not fail its neighbours."""
        try:
            return values.predictions(each.handler.predict(batch), len(batch))
        except Exception as error:
            if is_engine_dead(error):
                raise EngineDied(_brief(error)) from error
            if len(batch) == 1:
                log.exception("%s failed", each.step.name)
                return [_blame("predict", error)]
            log.warning("predict failed on a batch of %d, trying one by one: %s", len(batch), _brief(error))
        return [self._predict_batch(each, [one])[0] for one in batch]


def _placed(step: Step, handlers: Mapping[str, Handler]) -> _Hosted:
    here = tuple(name for name in step.after if name in handlers)
    return _Hosted(step, handlers[step.name], here, len(here) < len(step.after))


def _next_part(parts: Iterator[Any]) -> Arrays | None:
    part = next(parts, None)
    return None if part is None else values.arrays("stream", part)


def _each(given: list[In], step: str, function: Callable[[In], Out]) -> list[Out | ServingError]:
    outcomes: list[Out | ServingError] = []
    for value in given:
        if isinstance(value, ServingError):
            outcomes.append(value)
            continue
        try:
            outcomes.append(function(value))
        except ServingError as error:
            outcomes.append(error)
        except Exception as error:
            if is_engine_dead(error):
                raise EngineDied(_brief(error)) from error
            log.exception("%s failed", step)
            outcomes.append(_blame(step, error))
    return outcomes


def _blame(step: str, error: Exception) -> ModelFailed:
    failed = ModelFailed(f"The model's {step} failed: {_brief(error)}")
    failed.__cause__ = error
    return failed


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
