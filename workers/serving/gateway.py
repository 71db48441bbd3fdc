"""The inference plane: a raw ASGI app that speaks Open Inference Protocol v2, in a process of its own.

Open without a key: `GET /v2`, health and readiness (for probes and load balancers) and `GET /metrics`. Everything that
tells of models or asks one needs a key with the scope `infer`: `Authorization: Bearer <key>` or `X-Api-Key: <key>`.
"""

import asyncio
import gc
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import orjson

from workers.serving import http, names, prometheus, server
from workers.serving.accounts import Accounts
from workers.serving.admission import Admission
from workers.serving.config import ConfigError, GatewayConfig, from_env
from workers.serving.discovery import Discovery
from workers.serving.errors import MethodNotAllowed, NotSupported, PathUnknown, RoutingMissing, ServingError
from workers.serving.http import Receive, Response, Scope, Send
from workers.serving.infer import Inference
from workers.serving.metrics_stream import MetricsStream
from workers.serving.routing import RoutingTable
from workers.serving.snapshot_watch import SnapshotWatch
from workers.serving.submit import Dispatcher
from workers.serving.valkey import AWAY, FAILED, connect_async

log = logging.getLogger(__name__)

ANNOUNCE_TTL = 5  # seconds
TICK = 1.0  # seconds

#: Parts of the protocol's extensions that clients ask for and that are not offered: 501 rather than 404.
_EXTENSIONS = frozenset({"repository", "trace", "logging", "systemsharedmemory", "cudasharedmemory"})
_READ = frozenset({"GET", "HEAD"})


class Gateway:
    """The ASGI application. `on_broken` is called when a background task died and the process is of no more use."""

    def __init__(self, config: GatewayConfig, on_broken: Callable[[], None] | None = None) -> None:
        self.id = secrets.token_hex(6)
        self._client = connect_async(config.redis_url)
        self._dispatcher = Dispatcher(self._client, self.id, config.outage_grace)
        self._watch = SnapshotWatch(self._client, config.routing_cache, lambda table: self._announce())
        self._accounts = Accounts()
        self._admission = Admission(config.max_in_flight, config.max_bytes_in_flight)
        self._stream = MetricsStream(self._client, self.id, self._accounts, self._admission)
        self._inference = Inference(self._table, self._dispatcher, self._accounts, self._admission, config.body_limit)
        self._discovery = Discovery(self._accounts)
        self._metrics = prometheus.exporter(self._accounts, self._gauges)
        self._queues: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._on_broken = on_broken
        self.broken = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the process's lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        try:
            response = await self._dispatch(scope, receive, send)
        except ServingError as error:
            response = http.error_response(error)
        except Exception:
            log.exception("The gateway failed on %s %s", scope["method"], scope["path"])
            response = http.error_response(ServingError())
        if response is None:
            return
        if http.CLOSE in response.headers:
            await http.respond_and_part(receive, send, response)
        else:
            await http.respond(send, response)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """The answer, unless it has been sent already."""
        method: str = scope["method"]
        headers = dict(scope["headers"])
        match scope["path"].strip("/").split("/"):
            case ["v2", "models", name, "infer"]:
                _require(method, "POST")
                await self._inference(headers, receive, send, name, None)
                return None
            case ["v2", "models", name, "versions", version, "infer"]:
                _require(method, "POST")
                await self._inference(headers, receive, send, name, version)
                return None
            case ["v2", "health", ("live" | "ready") as what]:
                _require_read(method)
                return self._health(what)
            case ["v2", extension, *_] if extension in _EXTENSIONS:
                raise NotSupported
            case ["v2", "models", *rest]:
                _require_read(method)
                return self._discovery(self._table(), headers, rest)
            case ["v2"]:
                _require_read(method)
                return self._discovery.server()
            case ["metrics"]:
                _require_read(method)
                return Response(200, self._metrics(), [(b"content-type", prometheus.CONTENT_TYPE)])
        raise PathUnknown

    def _table(self) -> RoutingTable:
        if self._watch.table is None:
            raise RoutingMissing
        return self._watch.table

    def _health(self, what: str) -> Response:
        """JSON that satisfies clients which read the status alone and those which read `live` or `ready`."""
        live = not self.broken
        ready = live and self._watch.table is not None and not self._dispatcher.is_away
        good = live if what == "live" else ready
        return http.json_response(
            {"live": live} if what == "live" else {"live": live, "ready": ready}, 200 if good else 503
        )

    # The background: what runs beside the requests

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        self._dispatcher.beat()
        await self._watch.load()
        for forever in (
            self._dispatcher.send(),
            self._dispatcher.receive(),
            self._watch.run(),
            self._stream.run(),
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
        self.broken = True
        if self._on_broken:
            self._on_broken()

    async def _stop(self) -> None:
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
            await self._measure_queues()
            await asyncio.sleep(TICK)

    def _announce(self) -> None:
        """Say by which snapshot requests are routed.

        As an errand it goes out behind every request routed by the former snapshot, and a request is routed only when
        its body is whole (see infer.py), so whoever reads the new number may trust that nothing more is sent by the
        old one.
        """
        table = self._watch.table
        if table is not None:
            value = orjson.dumps({"snapshot": table.number, "at": time.time()})
            self._dispatcher.errand("SET", names.gateway_key(self.id), value, "EX", ANNOUNCE_TTL)

    async def _measure_queues(self) -> None:
        streams = sorted(self._watch.table.streams()) if self._watch.table else []
        pipeline = self._client.pipeline(transaction=False)
        for stream in streams:
            pipeline.xlen(stream)
        try:
            self._queues = dict(zip(streams, await pipeline.execute(), strict=True))
        except AWAY:
            self._queues = {}

    def _gauges(self) -> prometheus.Gauges:
        return prometheus.Gauges(
            in_flight=self._admission.requests,
            waiting=self._dispatcher.waiting,
            bytes_held=self._admission.bytes,
            snapshot=self._watch.table.number if self._watch.table else 0,
            snapshots_refused=self._watch.refused,
            dropped=self._stream.dropped,
            queues=self._queues,
        )


def _require(method: str, wanted: str) -> None:
    if method != wanted:
        raise MethodNotAllowed(f"This address takes {wanted}, not {method}.", wanted)


def _require_read(method: str) -> None:
    if method not in _READ:
        raise MethodNotAllowed(f"This address takes GET, not {method}.", "GET, HEAD")


def main() -> int:
    """Run the gateway until a signal ends it; 2 when a setting is wrong, 1 when it broke."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = from_env(os.environ)
    except ConfigError as error:
        print(f"quartet gateway: {error}", file=sys.stderr)
        return 2
    gateway = Gateway(config, on_broken=lambda: setattr(web_server, "should_exit", True))
    web_server = server.build(gateway, config)
    gc.freeze()  # what is there now stays; the collector need not walk it under load
    gc.set_threshold(20_000, 20, 50)
    web_server.run()
    return 1 if gateway.broken or not web_server.started else 0


if __name__ == "__main__":
    sys.exit(main())
