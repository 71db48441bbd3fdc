"""The inference plane: Open Inference Protocol v2 in a process of its own.

Open without a key: `GET /v2`, health and readiness (for probes and load balancers) and `GET /metrics`. Everything that
tells of models or asks one needs a key with the scope `infer`: `Authorization: Bearer <key>` or `X-Api-Key: <key>`.
"""

import asyncio
import gc
import logging
import os
import secrets
import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any

import orjson
import uvloop

from workers.serving import clock, names, prometheus, repository, spool
from workers.serving.accounts import Accounts
from workers.serving.addresses import Address, find
from workers.serving.admission import Admission
from workers.serving.config import ConfigError, GatewayConfig, from_env
from workers.serving.discovery import Discovery
from workers.serving.errors import MethodNotAllowed, NotSupported, PathUnknown, RoutingMissing
from workers.serving.http.connection import Connection
from workers.serving.http.exchange import Exchange
from workers.serving.http.response import Response, json_response
from workers.serving.http.server import Server, allow_files, stop_on_signals
from workers.serving.infer import Inference
from workers.serving.later.desk import Desk
from workers.serving.later.runner import LaterRunner
from workers.serving.metrics_stream import MetricsStream
from workers.serving.mirrors import Mirrors
from workers.serving.queue_lengths import measure
from workers.serving.recording import Recorder
from workers.serving.repository import SmallBody
from workers.serving.routing import RoutingTable
from workers.serving.snapshot_watch import SnapshotWatch
from workers.serving.submit import Dispatcher
from workers.serving.valkey import FAILED, address, connect_async
from workers.serving.visit import Plane

log = logging.getLogger(__name__)

ANNOUNCE_TTL = 5  # seconds
TICK = 1.0  # seconds

_READ = frozenset({"GET", "HEAD"})


class Gateway:
    """The application. `broken` is set when a background task died and the process is of no more use."""

    def __init__(self, config: GatewayConfig) -> None:
        self.id = secrets.token_hex(6)
        self.broken = asyncio.Event()
        self._client = connect_async(config.redis_url)
        self._dispatcher = Dispatcher(address.parse(config.redis_url), self.id, config.outage_grace)
        self._watch = SnapshotWatch(self._client, config.routing_cache, lambda table: self._announce())
        self._accounts = Accounts()
        self._admission = Admission(config.max_in_flight, config.max_bytes_in_flight)
        self._stream = MetricsStream(self._client, self.id, self._accounts, self._admission)
        self._recorder = Recorder(
            self._dispatcher, spool.predictions(config.record_spool), spool.kept(config.kept_spool)
        )
        self._mirrors = Mirrors(self._dispatcher, self._recorder, lambda: self._watch.table)
        self._inference = Inference(
            Plane(
                self._table,
                self._dispatcher,
                self._accounts,
                self._admission,
                config.body_limit,
                self._recorder,
                config.later_seconds,
                asyncio.get_running_loop(),
                self._mirrors,
            )
        )
        self._discovery = Discovery(self._accounts)
        self._desk = Desk(self._dispatcher, self._table)
        self._later = LaterRunner(self._client, self.id, self._inference.ask_again)
        self._tasks: list[asyncio.Task[None]] = []
        self._refused = ""  # why Valkey did not take the last announcement; empty when it did

    def __call__(self, exchange: Exchange) -> None:
        """Take one request in: answer it, or give it its reader. Raises the ServingError to answer with."""
        found = find(exchange.target)
        if found.what == "infer":
            _require(exchange.method, "POST")
            self._inference(exchange, found.name, found.version)
        elif found.what == "metrics":
            _require_read(exchange.method)
            measure(self._dispatcher, self._streams(), lambda lengths: exchange.respond(self._metrics(lengths)))
        elif found.what == "request":
            self._desk(exchange, found.name, found.rest)
        elif found.what == "index":
            _require(exchange.method, "POST")
            exchange.reader = SmallBody(exchange, partial(repository.index, self._table(), exchange.headers))
        else:
            exchange.respond(self._answer(exchange, found))

    def _answer(self, exchange: Exchange, found: Address) -> Response:
        match found.what:
            case "health":
                _require_read(exchange.method)
                return self._health(found.name)
            case "repository":
                _require(exchange.method, "POST")
                return repository.change(self._table(), exchange.headers, found.name, found.rest[0])
            case "extension":
                raise NotSupported
            case "models":
                _require_read(exchange.method)
                return self._discovery(self._table(), exchange.headers, list(found.rest))
            case "server":
                _require_read(exchange.method)
                return self._discovery.server()
        raise PathUnknown

    def _table(self) -> RoutingTable:
        if self._watch.table is None:
            raise RoutingMissing
        return self._watch.table

    def _streams(self) -> list[str]:
        return sorted(self._watch.table.streams()) if self._watch.table else []

    def _health(self, what: str) -> Response:
        """JSON that satisfies clients which read the status alone and those which read `live` or `ready`."""
        live = not self.broken.is_set()
        ready = live and self._watch.table is not None and not self._dispatcher.is_away and not self._refused
        good = live if what == "live" else ready
        return json_response({"live": live} if what == "live" else {"live": live, "ready": ready}, 200 if good else 503)

    # The background: what runs beside the requests

    async def start(self) -> None:
        """Load the routing and begin what runs beside the requests."""
        await self._watch.load()
        for forever in (
            self._dispatcher.run(),
            self._watch.run(),
            self._stream.run(),
            self._later.run(),
            self._tick_forever(),
        ):
            self._run(forever)

    def _run(self, forever: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(forever)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A gateway with a dead part would look healthy and answer nothing, so it goes down whole."""
        if task.cancelled():
            return
        log.critical("A part of the gateway died; the process ends", exc_info=task.exception())
        self.broken.set()

    async def stop(self) -> None:
        """End what `start` began, and say goodbye in Valkey."""
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=1.0)  # and again: a client's cleaning up can swallow a cancellation
        await self._leave()
        await self._client.aclose()

    async def _leave(self) -> None:
        try:
            await self._stream.publish()
            await self._client.delete(names.gateway_key(self.id), names.reply_stream(self.id))
        except FAILED as error:
            log.warning("The gateway's keys are left in Valkey: %s", error)

    async def _tick_forever(self) -> None:
        while True:
            self._dispatcher.beat()
            self._announce()
            self._recorder.look()
            self._mirrors.tell()
            await asyncio.sleep(TICK)

    def _announce(self) -> None:
        """Say by which snapshot requests are routed.

        As an errand it goes out behind every request routed by the former snapshot, and a request is routed only when
        its body is whole (see visit.py), so whoever reads the new number may trust that nothing more is sent by the
        old one.
        """
        table = self._watch.table
        if table is not None:
            value = orjson.dumps({"snapshot": table.number, "at": clock.now()})
            self._dispatcher.ask(("SET", names.gateway_key(self.id), value, "EX", ANNOUNCE_TTL), self._announced)

    def _announced(self, reply: Any) -> None:
        """A Valkey that is there but takes no writes (full, or a replica) takes no requests either: not ready."""
        refused = str(reply) if isinstance(reply, Exception) else ""
        if refused and not self._refused:
            log.error("Valkey takes no writes: %s", refused)
        self._refused = refused

    def _metrics(self, queues: dict[str, int]) -> Response:
        gauges = prometheus.Gauges(
            in_flight=self._admission.requests,
            waiting=self._dispatcher.waiting - self._mirrors.under_way.total(),
            bytes_held=self._admission.bytes,
            snapshot=self._watch.table.number if self._watch.table else 0,
            snapshots_refused=self._watch.refused,
            dropped=self._stream.dropped,
            queues=queues,
            mirrors=self._mirrors.totals,
        )
        page = prometheus.page(self._accounts, gauges)
        return Response(200, page, [(b"content-type", prometheus.CONTENT_TYPE)])


def _require(method: str, wanted: str) -> None:
    if method != wanted:
        raise MethodNotAllowed(f"This address takes {wanted}, not {method}.", wanted)


def _require_read(method: str) -> None:
    if method not in _READ:
        raise MethodNotAllowed(f"This address takes GET, not {method}.", "GET, HEAD")


async def serve(config: GatewayConfig) -> int:
    """Run the gateway until a signal ends it; the exit code is 1 when it broke."""
    gateway = Gateway(config)
    server = Server(gateway, config.bind, config.port)
    stop_on_signals(server.stop)
    watching = asyncio.create_task(_stop_when(gateway.broken, server))
    await gateway.start()
    try:
        await server.run()
    except OSError as error:
        log.critical("The gateway cannot listen on %s:%d: %s", config.bind, config.port, error)
        return 1
    finally:
        watching.cancel()
        await gateway.stop()
    return 1 if gateway.broken.is_set() else 0


async def _stop_when(broken: asyncio.Event, server: Server) -> None:
    await broken.wait()
    server.stop()


def main() -> int:
    """Run the gateway; 2 when a setting is wrong, 1 when it broke."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = from_env(os.environ)
    except ConfigError as error:
        print(f"quartet gateway: {error}", file=sys.stderr)
        return 2
    # Twice as many connections may be open for a moment (see Connection), and the gateway needs some files itself.
    Connection.max_connections = min(Connection.max_connections, allow_files(3 * Connection.max_connections) // 3)
    gc.freeze()  # what is there now stays; the collector need not walk it under load
    gc.set_threshold(20_000, 20, 50)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(config))


if __name__ == "__main__":
    sys.exit(main())
