"""Asks replicas aside from any gateway: at the lowest priority, without a record, and counted as nobody's traffic.

For what has to know what a model would say of something that nobody asks now. Requests go the way that the routing
names and through the streams of every other request, behind all of them.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any

from workers.serving import clock, names, wire
from workers.serving.routing import Split
from workers.serving.submit import parcels
from workers.serving.tensors import Sample
from workers.serving.valkey import BLOCK
from workers.serving.valkey.sync_link import SyncLink

#: Requests under way at once: more would be felt by whoever comes next, as a batch takes what waits.
AT_ONCE = 4


class Aside:
    """One asker. Every method may raise one of valkey.FAILED; used from one thread."""

    def __init__(self, redis_url: str, split: Split) -> None:
        self._link = SyncLink(redis_url)
        self._split = split
        self._name = f"aside-{secrets.token_hex(6)}"
        self._number = 0
        self._last = b"0"
        self._under_way: dict[int, tuple[int, list[tuple[str, bytes]]]] = {}  # place of the sample, stream entries

    def ask(self, samples: Sequence[Sample], seconds: float) -> list[Sample | None]:
        """What the model says of each; None where it failed, or was not done when the time was over.

        Those at the front are asked first.
        """
        clock.learn(time.time(), self._link.call(*clock.ASK))  # replicas go by Valkey's
        deadline = clock.now() + seconds
        answers: list[Sample | None] = [None] * len(samples)
        left = iter(enumerate(samples))
        try:
            while clock.now() < deadline:
                while len(self._under_way) < AT_ONCE and (each := next(left, None)):
                    self._send(*each, deadline)
                if not self._under_way:
                    break
                for place, answer in self._replies(deadline - clock.now()):
                    answers[place] = answer
        finally:
            self._leave()
        return answers

    def _send(self, place: int, sample: Sample, deadline: float) -> None:
        self._number += 1
        path = self._split.path
        message = wire.Message(
            self._number,
            self._name,
            deadline,
            [sample],
            plan=self._split.plan if len(path) > 1 else (),
            priority=names.LOW,
            sent=clock.now(),
        )
        try:
            sent = parcels(message, path[0].stream)
        except wire.MessageTooLarge:
            return  # no gateway would have taken it either
        commands = [("XADD", stream, "*", names.MESSAGE_FIELD, raw) for stream, raw in sent]
        entries = self._link.calls(commands)
        self._under_way[self._number] = place, [(each[0], entry) for each, entry in zip(sent, entries, strict=True)]

    def _replies(self, seconds: float) -> Iterator[tuple[int, Sample | None]]:
        wait = max(1, int(min(seconds, BLOCK) * 1000))
        read: Any = self._link.call(
            *("XREAD", "COUNT", 64, "BLOCK", wait, "STREAMS", names.reply_stream(self._name), self._last)
        )
        for entry, fields in read[0][1] if read else ():
            self._last = entry
            for reply in wire.decode_replies(fields[1]):
                if not reply.part and reply.id in self._under_way:
                    place, _ = self._under_way.pop(reply.id)
                    yield place, reply.samples[0] if reply.samples and not reply.code else None

    def _leave(self) -> None:
        """Withdraw what nobody waits for any more."""
        left = [("XDEL", *entry) for _, entries in self._under_way.values() for entry in entries]
        self._under_way.clear()
        try:
            self._link.ask([*left, ("DEL", names.reply_stream(self._name))])
        finally:
            self._link.close()
