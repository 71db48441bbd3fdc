"""The records process: predictions and kept inputs, from their streams into the database and the asset store.

    replica -> stream `quartet:predictions` -> predictions_add -> feedback_bind -> acknowledge and delete
                                               mirrors_add, of what a revision in the shadow was asked
    gateway -> stream `quartet:kept`        -> describe -> kept_add             -> acknowledge and delete

An entry is acknowledged after it is committed, and a prediction counts once, by its id. So whatever is killed or away
(this process, Valkey, PostgreSQL), entries wait in the stream, and none is lost or recorded twice. The writers bound
the streams: what they had to drop they count, and the counts are carried over from here.

It is a process of its own because it decodes callers' media: what a decoder crashes on costs no metrics.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from redis import Redis

from apps.inference.rules.ids import moment
from apps.inference.rules.records import Mirrored, Recorded
from apps.inference.services import Kept, drops_note, feedback_bind, kept_add, mirrors_add, predictions_add
from workers import describe
from workers.serving import names, record
from workers.steady import go_on
from workers.stopping import on_signals
from workers.stream_reader import Delivery, StreamReader

T = TypeVar("T")

log = structlog.get_logger(__name__)

#: How long one read waits for news, in milliseconds.
_BLOCK_MS = 1000
#: Entries read at once; an entry of records holds those of a batch, one of kept inputs up to a whole request.
_RECORD_ENTRIES, _KEPT_ENTRIES = 256, 8
#: Records written in one transaction.
_AT_ONCE = 5000
#: Seconds between looks for entries that a dead process left unacknowledged.
_CLAIM_EVERY = 5.0
#: Seconds between looks at what was dropped, and for feedback that waits.
_LOOK_EVERY = 2.0


class Drain:
    """One stream with what is done with its entries. What was read and not done yet is kept in hand, and comes first:
    however long the database is away, no more is taken out of the stream than one reading."""

    def __init__(self, stream: StreamReader, work: Callable[[list[Delivery]], None]) -> None:
        self._stream = stream
        self._work = work
        self._hand: list[Delivery] = []
        self._next_claim = 0.0

    def turn(self, block_ms: int | None) -> bool:
        """One reading, of what the dead left when it is time, else of the news; whether there was any."""
        if not self._hand and time.monotonic() >= self._next_claim:
            self._hand = self._stream.left_behind()
            if not self._hand:
                self._next_claim = time.monotonic() + _CLAIM_EVERY
        if not self._hand:
            self._hand = self._stream.news(block_ms)
        if not self._hand:
            return False
        self._work(self._hand)
        self._stream.acknowledge(self._hand)
        self._hand = []
        return True


class Records:
    """Drains both streams. `run` works until `stop` is set and outlives faults of Valkey, PostgreSQL and the store."""

    def __init__(self, client: Redis, name: str, stop: threading.Event) -> None:
        self.client = client
        self.stop = stop
        predictions = StreamReader(client, names.PREDICTIONS, name, batch=_RECORD_ENTRIES, trims=True)
        kept = StreamReader(client, names.KEPT, name, batch=_KEPT_ENTRIES, trims=True)
        self._predictions = Drain(predictions, record_all)
        self._kept = Drain(kept, keep_all)
        self._next_look = 0.0
        self._more = False  # kept inputs may wait still: predictions are then not waited for
        self._seen = (0, 0)  # dropped predictions and kept inputs, as last carried over

    def run(self) -> None:
        """Record, until told to stop."""
        go_on(self.turn, self.stop)

    def turn(self) -> None:
        """One round: predictions, then kept inputs, then a look around when it is time."""
        self._predictions.turn(None if self._more else _BLOCK_MS)
        self._more = self._kept.turn(None)
        if time.monotonic() >= self._next_look:
            feedback_bind()
            self._note_drops()
            self._next_look = time.monotonic() + _LOOK_EVERY

    def _note_drops(self) -> None:
        seen = self._count(names.PREDICTIONS_DROPPED), self._count(names.KEPT_DROPPED)
        if seen != self._seen:
            drops_note(predictions=seen[0], kept=seen[1])
            self._seen = seen

    def _count(self, key: str) -> int:
        value: Any = self.client.get(key)
        return int(value or 0)


def record_all(deliveries: Sequence[Delivery]) -> None:
    """Write down the predictions and mirrors of these entries, each once."""
    found = [each for entry in _readable(record.decode_records, deliveries) for each in entry]
    predictions = (_recorded(each) for each in found if each.asked.mirrored is None)
    while batch := list(islice(predictions, _AT_ONCE)):
        predictions_add(records=batch)
    if mirrors := [_mirrored(each) for each in found if each.asked.mirrored is not None]:
        mirrors_add(mirrors=mirrors)
    feedback_bind()


def keep_all(deliveries: Sequence[Delivery]) -> None:
    """Keep the inputs of these entries, each once."""
    for kept in _readable(record.decode_kept, deliveries):
        kept_add(kept=_kept(kept))


def _readable(decode: Callable[[bytes], T], deliveries: Sequence[Delivery]) -> list[T]:
    """The entries that can be read: keeping another would stop every entry behind it."""
    found = []
    for delivery in deliveries:
        try:
            found.append(decode(delivery.body))
        except record.BadRecord as error:
            log.error("entry refused: gateways, replicas and this process must be of one release", reason=str(error))
    return found


def _recorded(said: record.Record) -> Recorded:
    asked, identifier = said.asked, UUID(bytes=said.asked.id)
    return Recorded(
        at=_moment(identifier),
        id=identifier,
        deployment=asked.deployment,
        revision=asked.revision,
        version=int(asked.version) if asked.version.isascii() and asked.version.isdigit() else 0,
        error=said.error,
        latency_ms=said.latency * 1000,
        queue_ms=said.queued * 1000,
        samples=asked.samples,
        inputs=list(asked.inputs),
        missing=list(asked.missing),
        labels=list(said.labels),
        confidences=list(said.confidences),
        subject=asked.subject,
        muted=list(asked.muted),
        muted_used=asked.muted_used,
    )


def _mirrored(said: record.Record) -> Mirrored:
    asked, identifier = said.asked, UUID(bytes=said.asked.id)
    return Mirrored(
        at=_moment(identifier),
        prediction=identifier,
        deployment=asked.deployment,
        revision=asked.revision,
        error=said.error,
        busy_ms=said.latency * 1000,
        live_busy_ms=(asked.mirrored or 0.0) * 1000,
        labels=list(said.labels),
        confidences=list(said.confidences),
        subject=asked.subject,
    )


def _kept(said: record.Kept) -> list[Kept]:
    identifier = UUID(bytes=said.id)
    return [
        Kept(
            prediction=identifier,
            at=_moment(identifier),
            deployment=said.deployment,
            subject=said.subject,
            input=name,
            sample=place,
            content=describe.content(said.modalities.get(name, ""), tensor),
        )
        for place, sample in enumerate(said.samples)
        for name, tensor in sample.items()
    ]


def _moment(identifier: UUID) -> datetime:
    """What is no id of ours comes out as a time that is refused."""
    return moment(identifier) or datetime.max.replace(tzinfo=UTC)


def main() -> None:
    """Run until SIGTERM or SIGINT; Django must be set up."""
    stop = threading.Event()
    on_signals((signal.SIGTERM, signal.SIGINT), stop.set)
    # The socket waits longer than a blocking read does, so a silent server is noticed and a quiet one is not.
    timeouts = {"socket_timeout": 5, "socket_connect_timeout": 5, "health_check_interval": 15}
    with Redis.from_url(settings.REDIS_URL, **timeouts) as client:
        Records(client, f"{socket.gethostname()}-{os.getpid()}", stop).run()
