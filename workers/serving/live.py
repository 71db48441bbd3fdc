"""Requests under way whose callers are told what is known so far: generators that make one step in turn."""

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from workers.serving import clock, wire
from workers.serving.errors import DeadlinePassed, ModelOutputWrong, ServingError
from workers.serving.job import Job, answer, failed, so_far
from workers.serving.pipeline import Outcome, Pipeline
from workers.serving.stage_stream import Entry, Finished
from workers.serving.tensors import Sample

log = logging.getLogger(__name__)

#: Seconds between looks whether the caller still waits.
_LOOK = 0.5


@dataclass(slots=True)
class _Live:
    job: Job
    parts: Generator[Outcome]
    began: float  # unix seconds
    look_at: float  # monotonic
    last: Sample | None = None
    told: int = 0  # parts


class LiveStreams:
    """What is under way; empty is false."""

    def __init__(self, pipeline: Pipeline, stage: str) -> None:
        self._pipeline = pipeline
        self._stage = stage
        self._live: list[_Live] = []

    def __len__(self) -> int:
        return len(self._live)

    @property
    def deadline(self) -> float:
        """Unix seconds: the last one among those under way."""
        return max(live.job.message.deadline for live in self._live)

    def entries(self) -> set[bytes]:
        """Ids of what is under way."""
        return {live.job.entry.id for live in self._live}

    def take(self, job: Job) -> bool:
        """Whether the job is one for here: its caller wants news of its only sample, and the model can tell them."""
        if not (job.message.events and len(job.message.samples) == 1 and self._pipeline.can_stream):
            return False
        parts = self._pipeline.stream(job.message.samples[0])
        self._live.append(_Live(job, parts, clock.now(), time.monotonic() + _LOOK))
        return True

    def step(self, is_wanted: Callable[[Entry], bool]) -> list[Finished]:
        """One step of each; what is to be sent for it. Raises EngineDied."""
        finished: list[Finished] = []
        for live in list(self._live):
            if self._is_abandoned(live, is_wanted):
                self._end(live)
                finished.append(Finished(live.job.entry))
            elif live.job.message.deadline <= clock.now():
                finished.append(self._concluded(live, DeadlinePassed("The time limit passed before the answer's end.")))
            else:
                finished += self._advanced(live)
        return finished

    def _is_abandoned(self, live: _Live, is_wanted: Callable[[Entry], bool]) -> bool:
        if time.monotonic() < live.look_at:
            return False
        live.look_at = time.monotonic() + _LOOK
        return not is_wanted(live.job.entry)

    def _advanced(self, live: _Live) -> list[Finished]:
        outcome = next(live.parts, None)
        if outcome is None:
            nothing = ModelOutputWrong("The model's stream ended without an answer.")
            return [self._concluded(live, nothing if live.last is None else live.last)]
        if isinstance(outcome, ServingError):
            return [self._concluded(live, outcome)]
        live.last = outcome
        live.told += 1
        return [so_far(live.job, outcome, live.told)]

    def _concluded(self, live: _Live, outcome: Outcome) -> Finished:
        self._end(live)
        if isinstance(outcome, ServingError):
            return failed(live.job, outcome)
        now = clock.now()
        queued = max(0.0, live.began - live.job.message.sent)
        stop = wire.Stop(self._stage, queued, now - live.began, 1, {})
        return answer(live.job, [outcome], stop, self._pipeline.reading)

    def _end(self, live: _Live) -> None:
        self._live.remove(live)
        live.parts.close()
