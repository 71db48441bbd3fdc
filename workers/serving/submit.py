"""The gateway's side of the streams: requests go out together, answers come back by id.

All requests of one turn of the event loop, and all that come while a sending is under way, leave in one pipelined
XADD. Answers arrive on the gateway's own reply stream and are read from the last id on, so a broken connection loses
none. After an outage every request still waiting is sent again, because nobody can know whether Valkey kept it: it may
be computed twice, but the first answer wins and the second finds nobody waiting.
"""

import asyncio
import logging
import time
from typing import Any

import redis.asyncio
from redis.exceptions import ResponseError

from workers.serving import names, wire
from workers.serving.errors import QueueAway, QueueFull
from workers.serving.tensors import Sample
from workers.serving.valkey import AWAY, BLOCK, FAILED, may_pass, pauses

log = logging.getLogger(__name__)


class Pending:
    """A request that waits for its answer."""

    __slots__ = ("abandoned", "entry", "future", "id", "payload", "stream")

    def __init__(self, identifier: int, stream: str, payload: bytes, future: asyncio.Future[wire.Reply]) -> None:
        self.id = identifier
        self.stream = stream
        self.payload = payload
        self.future = future
        self.entry: bytes | None = None  # its id in the stream, once Valkey has told it
        self.abandoned = False


class Dispatcher:
    """Sends requests and hands their answers back. Used from the event loop only; `send` and `receive` run for ever.

    During the first `grace` seconds of an outage new requests wait like those already under way (a restart of Valkey
    takes a fraction of a second); after that they are refused at once.
    """

    def __init__(self, client: redis.asyncio.Redis, gateway: str, grace: float) -> None:
        self.gateway = gateway
        self.away_since: float | None = None
        self._client = client
        self._grace = grace
        self._reply_stream = names.reply_stream(gateway)
        self._last_reply = b"0"
        self._next_id = 0
        self._pending: dict[int, Pending] = {}
        self._outbox: dict[int, Pending] = {}
        self._errands: list[tuple[Any, ...]] = []
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Requests without an answer yet."""
        return len(self._pending)

    @property
    def is_away(self) -> bool:
        """Whether Valkey has been out of reach for longer than the grace."""
        return self.away_since is not None and time.monotonic() - self.away_since > self._grace

    def submit(self, path: tuple[str, ...], samples: list[Sample], deadline: float) -> Pending:
        """Queue a request for the first stream of `path`. Raises QueueAway, or wire.MessageTooLarge."""
        if self.is_away:
            raise QueueAway
        self._next_id += 1
        message = wire.Message(self._next_id, self.gateway, deadline, list(path[1:]), samples)
        future: asyncio.Future[wire.Reply] = asyncio.get_running_loop().create_future()
        pending = Pending(self._next_id, path[0], wire.encode_message(message), future)
        self._pending[pending.id] = self._outbox[pending.id] = pending
        self._wake.set()
        return pending

    def forget(self, pending: Pending) -> None:
        """Nobody waits any more: an answer is ignored, and an entry no replica has taken yet is withdrawn."""
        pending.abandoned = True
        self._outbox.pop(pending.id, None)
        if self._pending.pop(pending.id, None) and pending.entry:
            self.errand("XDEL", pending.stream, pending.entry)

    def errand(self, *command: Any) -> None:
        """Send a command behind every request queued so far. Lost in an outage; it is for what is repeated anyway."""
        self._errands.append(command)
        self._wake.set()

    def beat(self) -> None:
        """Drop the replies that have been read; in an outage, find out whether it is over."""
        self.errand("XTRIM", self._reply_stream, "MINID", self._last_reply)

    async def send(self) -> None:
        """Send whatever is queued, for ever."""
        rests = pauses()
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._outbox = self._outbox, {}
            errands, self._errands = self._errands, []
            try:
                await self._send(list(batch.values()), errands)
            except AWAY as error:
                self._mark_away(error)
                self._outbox = {each: batch[each] for each in batch if each in self._pending} | self._outbox
                await asyncio.sleep(next(rests))
                self.beat()
            else:
                self.away_since = None
                rests = pauses()

    async def _send(self, batch: list[Pending], errands: list[tuple[Any, ...]]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for pending in batch:
            pipeline.execute_command("XADD", pending.stream, "*", names.MESSAGE_FIELD, pending.payload)
        for errand in errands:
            pipeline.execute_command(*errand)
        results = await pipeline.execute(raise_on_error=False)
        for pending, result in zip(batch, results[: len(batch)], strict=True):
            self._settle(pending, result)

    def _settle(self, pending: Pending, result: Any) -> None:
        """Note what Valkey said to one XADD."""
        if isinstance(result, AWAY):  # still loading its data
            raise result
        if isinstance(result, ResponseError):
            log.error("Valkey refused a request: %s", result)
            self.fail(pending, QueueFull())
            return
        pending.entry = result
        if pending.abandoned:
            self.errand("XDEL", pending.stream, result)

    def fail(self, pending: Pending, error: Exception) -> None:
        """End the wait with an error."""
        self.forget(pending)
        if not pending.future.done():
            pending.future.set_exception(error)

    async def receive(self) -> None:
        """Hand out answers, for ever."""
        rests = pauses()
        broken = False
        while True:
            try:
                if broken:
                    await self._client.ping()
                    self._send_again()
                    broken, rests = False, pauses()
                await self._receive()
            except FAILED as error:
                if not may_pass(error):
                    raise
                self._mark_away(error)
                broken = True
                await asyncio.sleep(next(rests))

    async def _receive(self) -> None:
        read: Any = await self._client.xread({self._reply_stream: self._last_reply}, count=256, block=int(BLOCK * 1000))
        for _, entries in read:
            for entry, fields in entries:
                self._last_reply = entry
                self._hand_out(fields[names.REPLIES_FIELD])

    def _hand_out(self, raw: bytes) -> None:
        try:
            replies = wire.decode_replies(raw)
        except wire.BadMessage as error:
            log.error("The reply stream holds bytes that are no replies: %s", error)
            return
        for reply in replies:
            self._answer(reply)

    def _answer(self, reply: wire.Reply) -> None:
        pending = self._pending.pop(reply.id, None)
        if pending is not None and not pending.future.done():
            pending.future.set_result(reply)

    def _send_again(self) -> None:
        self._outbox = self._pending | self._outbox
        self.beat()

    def _mark_away(self, error: BaseException) -> None:
        if self.away_since is None:
            log.warning("Valkey is away (%s); %d requests wait for it", error, len(self._pending))
            self.away_since = time.monotonic()
