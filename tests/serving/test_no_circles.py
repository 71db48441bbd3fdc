"""A request leaves nothing to the garbage collector, whose walks would cost each request more than its decoding."""

import asyncio
import gc
from pathlib import Path

import pytest
import uvloop

from tests.serving import raw
from tests.serving.planes import Plane
from workers.serving.config import GatewayConfig
from workers.serving.gateway import Gateway
from workers.serving.http.connection import Connection
from workers.serving.http.exchange import Exchange
from workers.serving.submit import Pending
from workers.serving.visit import Visit


async def _answered(redis_url: str, home: Path, request: bytes) -> int:
    """The objects of a request that are there when it has been answered, by a gateway in this process."""
    gateway = Gateway(GatewayConfig(redis_url, home))
    await gateway.start()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(gateway, set()), "127.0.0.1")
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(request)
    assert b" 200 " in await reader.readline()
    await asyncio.sleep(0.1)  # Valkey's own answer to the request's XADD may be the later one
    left = sum(isinstance(each, (Exchange, Visit, Pending)) for each in gc.get_objects())
    writer.close()
    server.close()
    await gateway.stop()
    return left


@pytest.mark.parametrize("more", [{}, {"Accept": "text/event-stream"}], ids=["whole", "events"])
def test_an_answered_request_is_freed_at_once(busy_plane: Plane, tmp_path: Path, more: dict[str, str]):
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(_answered(busy_plane.redis_url, tmp_path, raw.head(**more) + raw.BODY)) == 0
    finally:
        gc.enable()
