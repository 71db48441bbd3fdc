"""A replica's work: read whatever waits, drop what is too late, run the hooks, answer.

The batch grows by itself: while one is computed the next requests gather in the stream, and one call reads up to
batch_max of them. There is no timer and nothing is polled; with nothing to do the read blocks in Valkey. What a batch
came to and the next read share one round trip.

Requests whose callers want to hear what is known so far take turns: each of their generators makes one step between
two batches.
"""

import logging
import threading
import time
from dataclasses import dataclass

from workers.serving import clock, wire
from workers.serving.heartbeat import Heartbeat
from workers.serving.job import Job, answer, opened, refused
from workers.serving.live import LiveStreams
from workers.serving.pipeline import BATCH_BYTES, Pipeline
from workers.serving.stage_stream import Entry, Finished, StageStream, parcels
from workers.serving.valkey import FAILED, may_pass, pauses

log = logging.getLogger(__name__)

#: Seconds between looks for entries of dead replicas.
TAKE_OVER_PERIOD = 1.0

#: Seconds of a batch up to which hardly anything can have gathered meanwhile.
_SHORT = 0.005

#: Seconds a replica told to stop waits for Valkey to take its last answers.
DRAIN_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The stage's name, for the trail of each answer; samples and bytes of one batch."""

    stage: str
    batch_max: int
    batch_bytes: int = BATCH_BYTES


class BatchLoop:
    """Serves one stage's streams until told to stop; what was read is finished first."""

    def __init__(
        self, stream: StageStream, pipeline: Pipeline, heartbeat: Heartbeat, limits: Limits, stop: threading.Event
    ) -> None:
        self._stream = stream
        self._pipeline = pipeline
        self._heartbeat = heartbeat
        self._limits = limits
        self._stop = stop
        self._live = LiveStreams(pipeline, limits.stage)
        self._hand: list[Entry] = []  # read, and not worked on yet
        self._unsent: list[list[Finished]] = []  # what the last batch came to, until Valkey has taken it
        self._light = True  # so little to do that a read may wait for the first request
        self._read_at = 0.0  # monotonic
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
        """Told to stop, with nothing left to do; or with Valkey away for so long that another shall answer it."""
        given_up = away_since is not None and time.monotonic() > away_since + DRAIN_PATIENCE
        return self._stop.is_set() and (self._is_idle() or given_up)

    def _is_idle(self) -> bool:
        return not (self._unsent or self._hand or self._live)

    def _serve(self) -> None:
        while not self._stop.is_set() or self._hand or self._live:
            if not self._hand:
                self._take_over()
                self._read()
            self._work(self._batch())

    def _read(self) -> None:
        """Send what the last batch came to and read the next."""
        while len(self._unsent) > 1:
            self._stream.finish(self._unsent[0])
            del self._unsent[0]
        if self._stop.is_set():
            self._send_unsent()
            return
        finished = self._unsent[0] if self._unsent else []
        # A read that waits takes from every stream at once; where more may have gathered, the urgent goes first.
        wait = self._light and not self._live and (not finished or time.monotonic() - self._read_at < _SHORT)
        self._hand = self._stream.exchange(finished, self._limits.batch_max, self._limits.batch_bytes, wait=wait)
        self._unsent = []
        self._light = len(self._hand) < min(2, self._limits.batch_max)
        self._read_at = time.monotonic()

    def _batch(self) -> list[Entry]:
        """The next entries in hand; a read that waited may have brought more than one batch."""
        batch, self._hand = self._hand[: self._limits.batch_max], self._hand[self._limits.batch_max :]
        return batch

    def _take_over(self) -> None:
        if time.monotonic() < self._take_over_at:
            return
        self._send_unsent()  # or else what is done already would be found as left undone
        while not self._stop.is_set() and (entry := self._stream.take_over(self._live.entries())):
            log.warning("taking over a request left by a dead replica, delivered %d times", entry.deliveries)
            self._work([entry])
            self._send_unsent()
        self._take_over_at = time.monotonic() + TAKE_OVER_PERIOD

    def _work(self, entries: list[Entry]) -> None:
        """One batch, and a step of each live stream; what they come to is sent with the next read."""
        finished: list[Finished] = []
        if entries:
            jobs = [job for entry in entries if (job := opened(entry, finished))]
            alive = [job for job in jobs if not refused(job, finished)]
            finished += self._predicted([job for job in alive if not self._live.take(job)])
        if self._live:
            self._heartbeat.busy_until = self._live.deadline
            finished += self._live.step(self._is_wanted)
            self._heartbeat.busy_until = None
        self._unsent += parcels(finished)
        if self._hand:  # more was read than one batch: no read comes next that could take the answers along
            self._send_unsent()

    def _predicted(self, jobs: list[Job]) -> list[Finished]:
        if not jobs:
            return []
        self._heartbeat.busy_until = max(job.message.deadline for job in jobs)
        began, now = time.perf_counter(), clock.now()
        outcomes, seconds = self._pipeline.timed([sample for job in jobs for sample in job.message.samples])
        busy = time.perf_counter() - began
        self._heartbeat.busy_until = None
        finished, at = [], 0
        for job in jobs:
            count = len(job.message.samples)
            stop = wire.Stop(self._limits.stage, max(0.0, now - job.message.sent), busy, len(outcomes), seconds)
            finished.append(answer(job, outcomes[at : at + count], stop, self._pipeline.reading))
            at += count
        return finished

    def _is_wanted(self, entry: Entry) -> bool:
        """Whether somebody waits for it still; with Valkey away nobody can have withdrawn it."""
        try:
            return self._stream.holds(entry)
        except FAILED:
            return True

    def _send_unsent(self) -> None:
        while self._unsent:
            self._stream.finish(self._unsent[0])
            del self._unsent[0]
