"""Listens, takes connections, and ends without breaking off what is under way."""

import asyncio
import logging
import resource
import signal
from collections.abc import Callable

from workers.serving.http.connection import App, Connection

log = logging.getLogger(__name__)

#: Seconds that requests under way have when the server is told to end.
GRACE = 30.0

#: Connections that the system keeps while none is taken.
_BACKLOG = 2048


class Server:
    """One listening socket and the `connections` it took. `stop` may be called from a signal's handler."""

    def __init__(self, app: App, host: str, port: int, connection: type[Connection] = Connection) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._connection = connection
        self.connections: set[Connection] = set()  # each takes itself in and out
        self._stopped = asyncio.Event()

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Serve until told to stop. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(self._connected, self._host, self._port, backlog=_BACKLOG)
        log.info("Listening on %s:%d", self._host, self._port)
        if ready:
            ready()
        await self._stopped.wait()
        listening.close()
        await self._finish()

    def stop(self) -> None:
        """Take no more connections, answer what is under way, end."""
        self._stopped.set()

    def _connected(self) -> Connection:
        return self._connection(self._app, self.connections)

    async def _finish(self) -> None:
        for connection in list(self.connections):
            connection.stop()
        if self.connections:
            await asyncio.wait([asyncio.create_task(self._emptied())], timeout=GRACE)
        if self.connections:
            log.warning("%d connections are broken off", len(self.connections))

    async def _emptied(self) -> None:
        while self.connections:  # noqa: ASYNC110  it ends with the process, and once: an event for each connection's end would cost more
            await asyncio.sleep(0.05)


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Have SIGTERM and SIGINT call `stop`."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)


def allow_files(wanted: int) -> int:
    """Raise this process's limit of open files as far as wanted, and as the system lets us; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft
