"""The gateway's side of the streams: requests go out together, answers come back by id.

All requests of one turn of the event loop leave in one write. Answers arrive on the gateway's own reply stream and are
read from the last id on, so a broken connection loses none. After an outage every request still waiting is sent again,
because nobody can know whether Valkey kept it: it may be computed twice, but the first answer wins and the second finds
nobody waiting.
"""

import asyncio
import logging
import time
from functools import partial
from typing import Any, Protocol

from workers.serving import clock, names, wire
from workers.serving.errors import QueueAway, QueueFull, ServingError
from workers.serving.stage_stream import packed
from workers.serving.valkey import AWAY, BLOCK, FAILED, SOCKET_TIMEOUT, pauses
from workers.serving.valkey.address import Address, Command
from workers.serving.valkey.link import Link, Then

log = logging.getLogger(__name__)

_BLOCK_MS = int(BLOCK * 1000)


class Waiter(Protocol):
    """Whoever asked."""

    def answer(self, reply: wire.Reply) -> None:
        """The answer, or a part of it."""

    def fail(self, error: ServingError) -> None:
        """There will be none."""


class Pending:
    """A request that waits for its answer: the messages it was sent as, and where they are in their streams."""

    __slots__ = ("abandoned", "entries", "id", "parcels", "samples", "waiter")

    def __init__(self, identifier: int, parcels: list[tuple[str, bytes]], samples: int, waiter: Waiter) -> None:
        self.id = identifier
        self.parcels = parcels  # stream, message; more than one where stages begin side by side
        self.samples = samples
        self.waiter = waiter
        self.entries: list[tuple[str, bytes]] = []  # stream, id; once Valkey has told it
        self.abandoned = False


class Dispatcher:
    """Sends requests and hands their answers back. Used from the event loop only; `run` runs for ever.

    During the first `grace` seconds of an outage new requests wait like those already under way (a restart of Valkey
    takes a fraction of a second); after that they are refused at once.
    """

    def __init__(self, address: Address, gateway: str, grace: float) -> None:
        self.gateway = gateway
        self.away_since: float | None = None
        self._address = address
        self._grace = grace
        self._reply_stream = names.reply_stream(gateway)
        self._last_reply = b"0"
        self._next_id = 0
        self._pending: dict[int, Pending] = {}
        self._out: Link | None = None  # requests and errands
        self._in: Link | None = None  # blocked on the reply stream
        self._lost = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        """Requests without an answer yet."""
        return len(self._pending)

    @property
    def is_away(self) -> bool:
        """Whether Valkey has been out of reach for longer than the grace."""
        return self.away_since is not None and time.monotonic() - self.away_since > self._grace

    def next_id(self) -> int:
        """A number for a message, new in this gateway's life."""
        self._next_id += 1
        return self._next_id

    def submit(self, message: wire.Message, first: str, waiter: Waiter) -> Pending:
        """Send a request to the first stage's stream, or to those of its plan. Raises QueueAway, MessageTooLarge."""
        if self.is_away:
            raise QueueAway
        pending = Pending(message.id, parcels(message, first), len(message.samples), waiter)
        self._pending[pending.id] = pending
        if self._out is not None:
            self._send(pending)
        return pending

    def forget(self, pending: Pending) -> None:
        """Nobody waits any more: an answer is ignored, and an entry no replica has finished yet is withdrawn."""
        pending.abandoned = True
        if self._pending.pop(pending.id, None):
            for stream, entry in pending.entries:
                self.errand("XDEL", stream, entry)

    def errand(self, *command: Any) -> None:
        """Send a command behind every request sent so far. Lost in an outage; it is for what is repeated anyway."""
        if self._out is not None:
            self._out.call(command)

    def ask(self, command: Command, then: Then) -> bool:
        """Send a command whose reply is wanted; whether there is a way to send it."""
        if self._out is None:
            return False
        self._out.call(command, then)
        return True

    def beat(self) -> None:
        """Drop the replies that have been read; ask for the time; end a connection that has fallen silent."""
        self.errand("XTRIM", self._reply_stream, "MINID", self._last_reply)
        self.ask(clock.ASK, partial(clock.learn, time.time()))
        for link in (self._out, self._in):
            if link is not None and link.silence() > SOCKET_TIMEOUT:
                log.warning("Valkey has been silent for %g s; connecting anew", link.silence())
                link.abort()

    # Requests

    def _send(self, pending: Pending) -> None:
        assert self._out is not None
        for stream, raw in pending.parcels:
            self._out.send(packed(stream, raw, pending.samples), partial(self._settle, pending, stream))

    def _settle(self, pending: Pending, stream: str, result: Any) -> None:
        """Note what Valkey said to one XADD."""
        if type(result) is bytes:
            pending.entries.append((stream, result))
            if pending.abandoned:
                self.errand("XDEL", stream, result)
        elif isinstance(result, AWAY):  # loading its data
            self._break_off()
        else:
            log.error("Valkey refused a request: %s", result)
            self._fail(pending, QueueFull())

    def _fail(self, pending: Pending, error: ServingError) -> None:
        if not pending.abandoned and pending.id in self._pending:
            self.forget(pending)
            pending.waiter.fail(error)

    # Answers

    def _listen(self) -> None:
        assert self._in is not None
        command = ("XREAD", "COUNT", 256, "BLOCK", _BLOCK_MS, "STREAMS", self._reply_stream, self._last_reply)
        self._in.call(command, self._heard)

    def _heard(self, read: Any) -> None:
        if isinstance(read, Exception):
            log.warning("The reply stream cannot be read: %s", read)
            self._break_off()
            return
        entries = read[0][1] if read else []
        if entries:
            self._last_reply = entries[-1][0]
        if self._in is not None:
            self._listen()
        for _, fields in entries:
            self._hand_out(fields[1])

    def _hand_out(self, raw: bytes) -> None:
        try:
            replies = wire.decode_replies(raw)
        except wire.BadMessage as error:
            log.error("The reply stream holds bytes that are no replies: %s", error)
            return
        for reply in replies:
            pending = self._pending.get(reply.id) if reply.part else self._pending.pop(reply.id, None)
            if pending is not None and not pending.abandoned:
                pending.waiter.answer(reply)

    # The connections

    async def run(self) -> None:
        """Keep both connections, for ever."""
        rests = pauses()
        try:
            while True:
                self._lost.clear()
                try:
                    await self._connect()
                    rests = pauses()
                    await self._lost.wait()
                except FAILED as error:
                    self._mark_away(error)
                self._drop()
                await asyncio.sleep(next(rests))
        finally:
            self._lost.set()  # told to end: that is no outage
            self._drop()

    async def _connect(self) -> None:
        out = await Link.open(self._address, self._on_lost)
        try:
            self._in = await Link.open(self._address, self._on_lost)
        except BaseException:
            out.abort()
            raise
        self._out = out
        self.away_since = None
        self._listen()
        self.beat()
        for pending in self._pending.values():
            pending.entries.clear()
            self._send(pending)

    def _on_lost(self) -> None:
        if not self._lost.is_set():
            self._mark_away("the connection was lost")
            self._lost.set()

    def _break_off(self) -> None:
        for link in (self._out, self._in):
            if link is not None:
                link.abort()

    def _drop(self) -> None:
        self._break_off()
        self._out = self._in = None

    def _mark_away(self, why: object) -> None:
        if self.away_since is None:
            log.warning("Valkey is away (%s); %d requests wait for it", why, len(self._pending))
            self.away_since = time.monotonic()


def parcels(message: wire.Message, first: str) -> list[tuple[str, bytes]]:
    """The streams a request begins in, each with its message."""
    if not message.plan:
        return [(names.sister(first, message.priority), wire.encode_message(message))]
    return [
        (names.sister(hop.stream, message.priority), wire.encode_message(wire.replaced(message, at=at)))
        for at, hop in enumerate(message.plan)
        if not hop.joins
    ]
