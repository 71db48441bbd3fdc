"""Takes up requests that are answered later, and tries each until it has an answer or its time is over."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import redis.asyncio
from redis.exceptions import ResponseError

from workers.serving import clock, names
from workers.serving.errors import BY_CODE, OwnDeadlinePassed, ServingError
from workers.serving.http.response import Response, error_response
from workers.serving.later import news, shelf
from workers.serving.later.replay import Replay
from workers.serving.later.shelf import Answer, Order
from workers.serving.valkey import BLOCK, FAILED, pauses

log = logging.getLogger(__name__)

#: Requests that one gateway replays at once.
AT_ONCE = 32

#: Seconds between looks for what dead gateways left, and whether what runs is still wanted.
LOOK = 1.0

#: Statuses with which a request is tried again: nothing is wrong with it but the moment.
_TRY_AGAIN = frozenset({429, 503, 504})

#: Asks on behalf of a kept request: the order, the exchange to answer, and the body. Raises ServingError.
Ask = Callable[[Order, Replay, bytes], None]


class LaterRunner:
    """One gateway's share; `run` runs for ever."""

    def __init__(self, client: redis.asyncio.Redis, gateway: str, ask: Ask) -> None:
        self._client = client
        self._gateway = gateway
        self._ask = ask
        self._running: dict[str, tuple[asyncio.Task[None], bytes]] = {}  # with the entry each stands for
        self._free = asyncio.Event()
        self._look_at = 0.0

    async def run(self) -> None:
        """Take up what waits, for ever."""
        rests = pauses()
        try:
            while True:
                try:
                    await self._turn()
                    rests = pauses()
                except FAILED as error:
                    await self._mend(error)
                    await asyncio.sleep(next(rests))
        finally:
            for task, _ in self._running.values():
                task.cancel()

    async def _turn(self) -> None:
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK
            await self._drop_unwanted()
            await self._take_over()
        if len(self._running) >= AT_ONCE:
            self._free.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._free.wait()
            return
        read: Any = await self._client.xreadgroup(
            names.LATER_GROUP,
            self._gateway,
            {names.LATER: ">"},
            count=AT_ONCE - len(self._running),
            block=int(BLOCK * 1000),
        )
        for entry, fields in read[0][1] if read else ():
            self._take_up(entry, fields)

    def _take_up(self, entry: bytes, fields: dict[bytes, bytes]) -> None:
        identifier = fields.get(b"id", b"").decode("latin-1")
        if identifier in self._running:
            return
        task = asyncio.create_task(self._see_through(identifier, entry))
        self._running[identifier] = task, entry
        task.add_done_callback(lambda _: self._ended(identifier))

    def _ended(self, identifier: str) -> None:
        self._running.pop(identifier, None)
        self._free.set()

    async def _see_through(self, identifier: str, entry: bytes) -> None:
        """Replay until there is an answer, and write it down, however long Valkey is away."""
        found = await self._said(shelf.begin(identifier))
        if not found:  # given up, or answered by a gateway that was taken for dead
            await self._strike_off(entry)
            return
        order = None
        try:
            order = msgspec.json.decode(found[0], type=Order)
            response = await self._answered(order, found[1] or b"")
        except Exception:  # whatever it is, the request must not stay for ever
            log.exception("a request that is answered later could not be replayed")
            response = error_response(ServingError())
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
        answer = Answer(response.status, headers, clock.now())
        told = news.answered(identifier, order, answer, response.body) if order else b""
        await self._said(shelf.finish(identifier, entry, answer, response.body, told))

    async def _answered(self, order: Order, body: bytes) -> Response:
        rests = pauses()
        while True:
            left = order.deadline - clock.now()
            if left <= 0:
                return error_response(OwnDeadlinePassed("No answer came within the time that the request allows."))
            response = await self._replayed(order, body)
            if response.status not in _TRY_AGAIN or _is_final(response):
                return response
            await asyncio.sleep(min(next(rests), max(0.0, left)))

    async def _replayed(self, order: Order, body: bytes) -> Response:
        done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        headers = {name.encode("latin-1"): value.encode("latin-1") for name, value in order.headers.items()}
        exchange = Replay(headers, lambda response: None if done.done() else done.set_result(response))
        try:
            self._ask(order, exchange, body)
            return await done
        except ServingError as error:
            return error_response(error)
        except asyncio.CancelledError:
            if exchange.reader is not None and not exchange.answered:
                exchange.answered = True
                exchange.reader.gone()
            raise

    async def _said(self, command: tuple[Any, ...]) -> Any:
        """Valkey's reply, however often it has to be asked."""
        rests = pauses()
        while True:
            try:
                return await self._client.execute_command(*command)
            except FAILED as error:
                log.warning("waiting for Valkey to take a request that is answered later: %s", error)
                await asyncio.sleep(next(rests))

    async def _drop_unwanted(self) -> None:
        """End what its caller has given up."""
        running = dict(self._running)
        pipeline = self._client.pipeline(transaction=False)
        for identifier in running:
            pipeline.hget(names.later_key(identifier), "state")
        states = await pipeline.execute() if running else []
        for (task, entry), state in zip(running.values(), states, strict=True):
            if state is None or state.decode() == shelf.CANCELLED:
                task.cancel()
                await self._strike_off(entry)

    async def _strike_off(self, entry: bytes) -> None:
        await self._said(("XACK", names.LATER, names.LATER_GROUP, entry))
        await self._said(("XDEL", names.LATER, entry))

    async def _take_over(self) -> None:
        """What the dead held, a gateway at a time."""
        consumers: Any = await self._client.xinfo_consumers(names.LATER, names.LATER_GROUP)
        for consumer in consumers:
            name = consumer["name"].decode()
            if name == self._gateway or await self._client.exists(names.gateway_key(name)):
                continue
            if not consumer["pending"]:
                await self._client.xgroup_delconsumer(names.LATER, names.LATER_GROUP, name)
                continue
            room = AT_ONCE - len(self._running)
            left: Any = await self._client.xpending_range(
                names.LATER, names.LATER_GROUP, "-", "+", max(1, room), consumername=name
            )
            for each in left if room > 0 else ():
                claimed: Any = await self._client.xclaim(
                    names.LATER, names.LATER_GROUP, self._gateway, 0, [each["message_id"]]
                )
                for entry, fields in claimed:
                    self._take_up(entry, fields)

    async def _mend(self, error: BaseException) -> None:
        """Make the group where it is missing: at the first start, or after Valkey lost its data."""
        if "NOGROUP" in str(error) or "no such key" in str(error):
            try:
                await self._client.xgroup_create(names.LATER, names.LATER_GROUP, id="0", mkstream=True)
            except ResponseError as other:
                if not str(other).startswith("BUSYGROUP"):
                    log.warning("the queue of requests answered later cannot be made: %s", other)
        else:
            log.warning("requests that are answered later wait for Valkey: %s", error)


def _is_final(response: Response) -> bool:
    """Whether the caller is to blame for a status that otherwise passes: its own time limit."""
    code = msgspec.json.decode(response.body, type=dict).get("code", "")
    known = BY_CODE.get(str(code))
    return known is not None and known.fault == "caller"
