"""A replica's work: read whatever waits, drop what is too late, run the hooks, answer.

The batch grows by itself: while one is computed the next requests gather in the stream, and one call reads up to
batch_max of them. There is no timer and nothing is polled; the read blocks in Valkey.
"""

import logging
import threading
import time
from dataclasses import dataclass

from workers.serving import wire
from workers.serving.errors import DeadlinePassed, ModelCrashed, ModelOutputWrong, ServingError
from workers.serving.heartbeat import Heartbeat
from workers.serving.pipeline import Outcome, Pipeline
from workers.serving.stage_stream import MAX_DELIVERIES, Entry, Finished, StageStream, parcels
from workers.serving.tensors import Sample
from workers.serving.valkey import FAILED, may_pass, pauses

log = logging.getLogger(__name__)

#: Seconds between looks for entries of dead replicas.
TAKE_OVER_PERIOD = 1.0

#: Seconds a replica told to stop waits for Valkey to take its last answers.
DRAIN_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class _Job:
    entry: Entry
    message: wire.Message


class BatchLoop:
    """Serves one stage stream until told to stop; a batch under way is finished first."""

    def __init__(
        self, stream: StageStream, pipeline: Pipeline, heartbeat: Heartbeat, batch_max: int, stop: threading.Event
    ) -> None:
        self._stream = stream
        self._pipeline = pipeline
        self._heartbeat = heartbeat
        self._batch_max = batch_max
        self._stop = stop
        self._unsent: list[list[Finished]] = []  # what the last batch came to, until Valkey has taken it
        self._take_over_at = 0.0

    def run(self) -> None:
        """Serve, reconnecting as long as it takes. An exception from here is the engine's end."""
        away_since: float | None = None
        rests = pauses()
        while not self._is_over(away_since):
            try:
                self._heartbeat.beat()
                self._stream.join(after_outage=away_since is not None)
                self._send_unsent()
                rests, away_since = pauses(), None
                self._serve()
            except FAILED as error:
                if not may_pass(error):
                    raise
                log.warning("waiting for Valkey: %s", error)
                away_since = away_since or time.monotonic()
                time.sleep(next(rests))

    def _is_over(self, away_since: float | None) -> bool:
        """Told to stop, with nothing left to send; or with Valkey away for so long that another shall answer it."""
        given_up = away_since is not None and time.monotonic() > away_since + DRAIN_PATIENCE
        return self._stop.is_set() and (not self._unsent or given_up)

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._take_over()
            entries = self._stream.read(self._batch_max)
            if entries:
                self._work(entries)

    def _take_over(self) -> None:
        if time.monotonic() < self._take_over_at:
            return
        while not self._stop.is_set() and (entry := self._stream.take_over()):
            log.warning("taking over a request left by a dead replica, delivered %d times", entry.deliveries)
            self._work([entry])
        self._take_over_at = time.monotonic() + TAKE_OVER_PERIOD

    def _work(self, entries: list[Entry]) -> None:
        finished: list[Finished] = []
        jobs = [job for entry in entries if (job := _open(entry, finished))]
        alive = [job for job in jobs if not _refused(job, finished)]
        self._heartbeat.busy_until = max((job.message.deadline for job in alive), default=None)
        outcomes = iter(self._pipeline.run([sample for job in alive for sample in job.message.samples]))
        finished += [_conclude(job, [next(outcomes) for _ in job.message.samples]) for job in alive]
        self._heartbeat.busy_until = None
        self._unsent = parcels(finished)
        self._send_unsent()

    def _send_unsent(self) -> None:
        while self._unsent:
            self._stream.finish(self._unsent[0])
            del self._unsent[0]


def _open(entry: Entry, finished: list[Finished]) -> _Job | None:
    try:
        return _Job(entry, wire.decode_message(entry.raw))
    except wire.BadMessage as error:  # nobody to answer: it is struck off with the batch
        log.error("entry %r of the stream is no request: %s", entry.id, error)
        finished.append(Finished(entry))
        return None


def _refused(job: _Job, finished: list[Finished]) -> bool:
    """Whether the message is answered without the model seeing it."""
    if job.message.deadline <= time.time():
        error: ServingError = DeadlinePassed("The time limit passed before a replica was free to take the request.")
    elif job.entry.deliveries >= MAX_DELIVERIES:
        log.error("a request was delivered %d times without an answer; giving it up", job.entry.deliveries)
        error = ModelCrashed()
    else:
        return False
    finished.append(_failed(job, error))
    return True


def _conclude(job: _Job, outcomes: list[Outcome]) -> Finished:
    samples: list[Sample] = []
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, ServingError):
            where = f"Sample {place}: " if len(outcomes) > 1 else ""
            return _failed(job, type(outcome)(f"{where}{outcome}"))
        samples.append(outcome)
    try:
        return _handed_over(job, samples)
    except wire.MessageTooLarge as error:
        return _failed(job, ModelOutputWrong(f"What the model gives is too large: {error}."))


def _failed(job: _Job, error: ServingError) -> Finished:
    return _reply(job, wire.Reply(job.message.id, [], error.code, str(error)))


def _handed_over(job: _Job, samples: list[Sample]) -> Finished:
    message = job.message
    if not message.path:
        return _reply(job, wire.Reply(message.id, samples))
    onward = wire.Message(message.id, message.gateway, message.deadline, message.path[1:], samples)
    return Finished(job.entry, wire.encode_message(onward), onward=message.path[0])


def _reply(job: _Job, reply: wire.Reply) -> Finished:
    return Finished(job.entry, wire.encode_reply(reply), gateway=job.message.gateway)
