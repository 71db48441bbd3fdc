"""One pipelined connection to Valkey from an event loop: commands go out in order, replies come back in order.

All commands of one turn of the loop leave in one write. There is no coroutine, no future and no lock per command: a
reply calls the function that was given with its command. redis-py's asyncio client spent more on one command than the
gateway spends on a whole request (docs/decisions/0007-own-http-and-resp.md).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.exceptions import ConnectionError as AwayError

from workers.serving.valkey import CONNECT_TIMEOUT
from workers.serving.valkey.address import Address, Command, reply_error

Then = Callable[[Any], None]


def _ignore(reply: Any) -> None:
    return None


class Link(asyncio.Protocol):
    """Used from the event loop only. `on_lost` is called once, when the connection has ended, however it did.

    A reply is what hiredis makes of it; an error reply is an exception, given and not raised. Commands without a reply
    when the connection ends are never called back: whoever sent them learns it from `on_lost`.
    """

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._reader = hiredis.Reader(replyError=reply_error)
        self._waiting: deque[Then] = deque()
        self._out: list[bytes] = []
        self._heard = time.monotonic()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, address: Address, on_lost: Callable[[], None]) -> "Link":
        """Connect and greet. Raises one of valkey.FAILED; `on_lost` is then not called."""
        loop = asyncio.get_running_loop()
        link = cls(_nothing)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                if address.path:
                    await loop.create_unix_connection(lambda: link, address.path)
                else:
                    await loop.create_connection(lambda: link, address.host, address.port, ssl=address.tls)
                await link._greet(address.greeting)
        except TimeoutError as error:
            link.abort()
            raise AwayError(f"Valkey did not answer within {CONNECT_TIMEOUT:g} s") from error
        except BaseException:
            link.abort()
            raise
        link._on_lost = on_lost
        return link

    async def _greet(self, greeting: tuple[Command, ...]) -> None:
        done: asyncio.Future[None] = self._loop.create_future()

        def settle(reply: Any) -> None:
            if done.done():
                return
            if isinstance(reply, Exception):
                done.set_exception(reply)
            elif reply == b"PONG":
                done.set_result(None)

        self._on_lost = lambda: settle(AwayError("Valkey closed the connection"))
        for command in greeting:
            self.call(command, settle)
        await done

    def call(self, command: Command, then: Then = _ignore) -> None:
        """Send a command with this turn of the loop; `then` gets its reply."""
        self.send(cast(bytes, hiredis.pack_command(command)), then)

    def send(self, packed: bytes, then: Then = _ignore) -> None:
        """The same with a packed command."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packed)
        self._waiting.append(then)

    def silence(self) -> float:
        """Seconds since anything was heard while something was waited for; 0 when nothing is."""
        return time.monotonic() - self._heard if self._waiting else 0.0

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if len(self._waiting) == len(self._out):
            self._heard = time.monotonic()  # nothing was waited for: the silence begins now
        packed, self._out = self._out, []
        if self._transport is not None:
            self._transport.writelines(packed)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard = time.monotonic()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._waiting.popleft()(reply)
        except hiredis.ProtocolError:  # what came is no RESP: the stream of replies cannot be trusted any more
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._waiting.clear()
        self._on_lost()


def _nothing() -> None:
    return None
