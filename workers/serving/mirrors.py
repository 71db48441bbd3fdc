"""Asking a revision in the shadow what the live one has answered, once its caller has the answer.

A mirror goes behind everybody's requests, and is no request: it takes no place of the admission, is counted in no
account, and its answer, a failure or silence reach nobody. Its record says what came of it (record.py, `mirrored`).
Few are under way at once; while there are as many as there may be, and while Valkey is away, mirrors are dropped.
Drops and mirrors are counted, and the counts carried to Valkey each second.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

import msgspec

from workers.serving import clock, names, wire
from workers.serving.errors import DeadlinePassed, ServingError
from workers.serving.record import Asked
from workers.serving.recording import Recorder
from workers.serving.routing import DeploymentRoute, RoutingTable, Shadow
from workers.serving.submit import Dispatcher, Pending
from workers.serving.tensors import Sample

log = logging.getLogger(__name__)

#: Mirrors of one deployment under way at once, and bytes of them in all. Where the two revisions share a stage, whoever
#: comes next waits for the batch that mirrors are in, so there fewer are.
MOST, MOST_SHARED, MOST_BYTES = 32, 4, 32 * 1024 * 1024
#: Seconds for which the counts outlive the last of them.
_COUNTS_KEPT = 14 * 86_400

_SENT, _DROPPED = "sent", "dropped"
_SHARES = 1 << 24


class Mirrors:
    """A gateway's mirrors. Used from the event loop only."""

    def __init__(self, dispatcher: Dispatcher, recorder: Recorder, table: Callable[[], RoutingTable | None]) -> None:
        self.dispatcher = dispatcher
        self.recorder = recorder
        self.under_way: Counter[str] = Counter()  # by deployment
        self.bytes = 0
        self.totals: Counter[tuple[str, int, str]] = Counter()  # deployment, revision, sent or dropped
        self._untold: Counter[tuple[str, int, str]] = Counter()
        self._table = table

    def after(self, said: Asked, samples: list[Sample], busy: float) -> None:
        """Mirror a request that was answered, by its share, behind what this turn of the event loop has to do; `busy`
        are the seconds of the batches that it was in."""
        self.dispatcher.loop.call_soon(self._mirror, said, samples, busy)

    def tell(self) -> None:
        """Carry the counts to Valkey; what cannot be sent now is sent later."""
        for counted, count in list(self._untold.items()):
            deployment, revision, what = counted
            key = names.mirrors_key(deployment, revision)
            if not self.dispatcher.ask(("HINCRBY", key, what, count), _told):
                return
            self.dispatcher.errand("EXPIRE", key, _COUNTS_KEPT)
            del self._untold[counted]

    def _mirror(self, said: Asked, samples: list[Sample], busy: float) -> None:
        """By the routing of now: whoever announces a newer one has nothing sent by the older."""
        table = self._table()
        route = table.deployments.get(said.deployment) if table else None
        shadow = route.shadow if route else None
        if route is None or shadow is None or not _is_drawn(said.id, shadow.share):
            return
        try:
            self._send(route, shadow, said, samples, busy)
        except (ServingError, wire.MessageTooLarge):
            self.count(said.deployment, shadow.revision, _DROPPED)
        except Exception:
            log.exception("A request to %s could not be mirrored", said.deployment)

    def _send(self, route: DeploymentRoute, shadow: Shadow, said: Asked, samples: list[Sample], busy: float) -> None:
        name = said.deployment
        if not self._has_room(route, shadow, name):
            self.count(name, shadow.revision, _DROPPED)
            return
        now, seconds = clock.now(), route.timeout_ms / 1000
        asked = msgspec.structs.replace(
            said, received=now, revision=shadow.revision, version=shadow.version, below=0.0, mirrored=busy
        )
        message = wire.Message(
            self.dispatcher.next_id(),
            self.dispatcher.gateway,
            now + seconds,
            samples,
            plan=shadow.plan,
            priority=names.LOW,
            sent=now,
            asked=asked,
        )
        mirror = Mirror(self, asked)
        pending = self.dispatcher.submit(message, shadow.path[0].stream, mirror)
        mirror.begin(pending, seconds)
        self.count(name, shadow.revision, _SENT)

    def _has_room(self, route: DeploymentRoute, shadow: Shadow, name: str) -> bool:
        if self.dispatcher.away_since is not None or self.bytes >= MOST_BYTES:
            return False
        shared = any(hop.stream in shadow.streams for split in route.splits for hop in split.path)
        return self.under_way[name] < (MOST_SHARED if shared else MOST)

    def count(self, deployment: str, revision: int, what: str) -> None:
        """One more that was sent, or dropped."""
        self.totals[deployment, revision, what] += 1
        self._untold[deployment, revision, what] += 1

    def drop(self, asked: Asked) -> None:
        """One that was sent was not taken after all."""
        self.count(asked.deployment, asked.revision, _DROPPED)


class Mirror:
    """Waits for what comes of one mirror: submit.Waiter."""

    __slots__ = ("_asked", "_bytes", "_mirrors", "_pending", "_timer")

    def __init__(self, mirrors: Mirrors, asked: Asked) -> None:
        self._mirrors = mirrors
        self._asked = asked
        self._bytes = 0
        self._pending: Pending | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, pending: Pending, seconds: float) -> None:
        """It is on its way."""
        self._pending = pending
        self._bytes = sum(len(raw) for _, raw in pending.parcels)
        self._mirrors.bytes += self._bytes
        self._mirrors.under_way[self._asked.deployment] += 1
        self._timer = self._mirrors.dispatcher.loop.call_later(seconds, self._time_is_up)

    def answer(self, reply: wire.Reply) -> None:
        """The replica has written down what came of it."""
        if not reply.part:
            self._end()

    def fail(self, error: ServingError) -> None:
        """Valkey did not take it: nothing is known of the candidate by that."""
        if self._end():
            self._mirrors.drop(self._asked)

    def _time_is_up(self) -> None:
        pending = self._pending
        if pending is not None and self._end():
            self._mirrors.dispatcher.forget(pending)
            self._mirrors.recorder.failed(self._asked, DeadlinePassed())

    def _end(self) -> bool:
        """Whether it was still on its way."""
        if self._pending is None or self._timer is None:
            return False
        self._timer.cancel()
        self._pending = None
        self._mirrors.bytes -= self._bytes
        self._mirrors.under_way[self._asked.deployment] -= 1
        return True


def _is_drawn(identifier: bytes, share: int) -> bool:
    """Other bytes of the id than those that say whose inputs are kept (recording.keeps), random as well."""
    return int.from_bytes(identifier[9:12], "big") * 100 < share * _SHARES


def _told(reply: object) -> None:
    if isinstance(reply, Exception):
        log.warning("Valkey did not take the count of mirrors: %s", reply)
