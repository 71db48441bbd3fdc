"""POST /v2/models/{deployment}/infer: one request through the gateway, from its body to its answer.

    key -> deployment -> admission -> body -> key and deployment again -> decode -> choose a revision -> stream
        -> reply -> encode

A body may take as long to come as a rollout, and by then its revision may be gone and its key revoked. So the routing
is asked again when the body is whole, and from there to the stream nothing waits.

Whatever happens is counted once, with the revision if one was chosen by then.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from workers.serving import wire
from workers.serving.accounts import NO_REVISION, Accounts, Place
from workers.serving.admission import Admission
from workers.serving.errors import (
    BadRequest,
    BodyTooLarge,
    ClientGone,
    DeadlinePassed,
    ModelUnknown,
    QueueAway,
    ServingError,
    revive,
)
from workers.serving.http import Body, Headers, Receive, Response, Send, respond, secret
from workers.serving.oip import reply as oip_reply
from workers.serving.oip.request import InferRequest, decode
from workers.serving.routing import DeploymentRoute, RoutingTable, allow, choose, identify
from workers.serving.submit import Dispatcher, Pending
from workers.serving.tensors import Sample
from workers.serving.time_limit import TimeLimit

STICKY = b"x-quartet-sticky"
HEADER_LENGTH = b"inference-header-content-length"

#: Seconds after which a waiting request begins to watch for its client hanging up. Answers that come sooner, nearly
#: all, are spared the task this takes.
WATCH_AFTER = 0.25


class Inference:
    """The infer endpoint. Used from the event loop only."""

    def __init__(
        self,
        table: Callable[[], RoutingTable],  # gives the current one
        dispatcher: Dispatcher,
        accounts: Accounts,
        admission: Admission,
        body_limit: int,
    ) -> None:
        self._table = table
        self._dispatcher = dispatcher
        self._accounts = accounts
        self._admission = admission
        self._body_limit = body_limit
        self._count = 0

    async def __call__(self, headers: Headers, receive: Receive, send: Send, name: str, version: str | None) -> None:
        """Answer, or raise a ServingError to answer with; both are counted.

        The place is held until the client has taken the answer, or else clients that do not read would fill the memory
        with answers. The time they take is not the model's and is not counted.
        """
        try:
            route = admit(self._table(), headers, name)
        except ServingError as error:
            self._accounts.refused[error.code] += 1
            raise
        visit = _Visit(name, route, headers, version)
        try:
            self._admission.enter(name, route.max_in_flight)
        except ServingError as error:
            self._accounts.failed(visit.place, 0.0, error.code)
            raise
        try:
            await respond(send, await self._counted(visit, receive))
        finally:
            self._admission.leave(name, visit.held)

    async def _counted(self, visit: "_Visit", receive: Receive) -> Response:
        began = time.perf_counter()
        try:
            response, inputs = await self._serve(visit, receive)
            self._admission.exchange(visit.held, len(response.body))
        except BaseException as error:
            code = error.code if isinstance(error, ServingError) else ServingError.code
            self._accounts.failed(visit.place, time.perf_counter() - began, code)
            raise
        visit.held = len(response.body)
        self._accounts.answered(visit.place, time.perf_counter() - began, inputs)
        return response

    async def _serve(self, visit: "_Visit", receive: Receive) -> tuple[Response, tuple[str, ...]]:
        began = time.time()
        request = await self._read(visit, receive, visit.route.timeout_ms / 1000)
        limit = TimeLimit(began, visit.route.timeout_ms / 1000, request.timeout)
        identifier = request.id or self._new_id()
        token = visit.headers.get(STICKY, b"").decode("latin-1") or identifier
        split = choose(visit.route, token, visit.version)
        visit.place = (visit.name, split.revision)
        samples = await self._ask(split.path, request, limit, receive)
        body, head = oip_reply.encode(visit.name, split.version, identifier, request.outputs, samples)
        return _response(body, head), request.input_names

    async def _read(self, visit: "_Visit", receive: Receive, seconds: float) -> InferRequest:
        body = Body(visit.headers, self._body_limit, self._admission)
        try:
            raw = await body.read(receive, seconds)
        finally:
            visit.held = body.held
        visit.route = admit(self._table(), visit.headers, visit.name)
        return decode(raw, _header_length(visit.headers), visit.route)

    async def _ask(
        self, path: tuple[str, ...], request: InferRequest, limit: TimeLimit, receive: Receive
    ) -> list[Sample]:
        if limit.left() <= 0:
            raise limit.passed()
        try:
            pending = self._dispatcher.submit(path, request.samples, limit.deadline)
        except wire.MessageTooLarge as error:
            raise BodyTooLarge(f"The request is too large for the queue: {error}.") from None
        reply = await self._wait(pending, limit, receive)
        if reply.code == DeadlinePassed.code:
            raise limit.passed(reply.message)
        if reply.code:
            raise revive(reply.code, reply.message)
        return reply.samples

    async def _wait(self, pending: Pending, limit: TimeLimit, receive: Receive) -> wire.Reply:
        loop = asyncio.get_running_loop()
        patience = _Patience(self._dispatcher, pending, limit, receive)
        timer = loop.call_later(min(limit.left(), WATCH_AFTER), patience.begin)
        try:
            return await pending.future
        finally:
            timer.cancel()
            patience.end()

    def _new_id(self) -> str:
        self._count += 1
        return f"{self._dispatcher.gateway}-{self._count:x}"


class _Visit:
    """What is known of one request so far."""

    __slots__ = ("headers", "held", "name", "place", "route", "version")

    def __init__(self, name: str, route: DeploymentRoute, headers: Headers, version: str | None) -> None:
        self.name = name
        self.route = route
        self.headers = headers
        self.version = version
        self.held = 0  # bytes of its body, then of its answer
        self.place: Place = (name, NO_REVISION)


class _Patience:
    """Ends a long wait at its deadline, or when the client hangs up."""

    __slots__ = ("_dispatcher", "_limit", "_pending", "_receive", "_task")

    def __init__(self, dispatcher: Dispatcher, pending: Pending, limit: TimeLimit, receive: Receive) -> None:
        self._dispatcher = dispatcher
        self._pending = pending
        self._limit = limit
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.ensure_future(self._watch())

    def end(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout(self._limit.left()):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            self._dispatcher.fail(self._pending, self._too_late())
        else:
            self._dispatcher.fail(self._pending, ClientGone())

    def _too_late(self) -> ServingError:
        if self._dispatcher.away_since is not None:
            return QueueAway("The request queue (Valkey) was away until the time limit passed.")
        return self._limit.passed()


def admit(table: RoutingTable, headers: Headers, name: str) -> DeploymentRoute:
    """The deployment, if the request's key opens it; raises the KeyMissing family or ModelUnknown.

    The key is looked at first, so that names cannot be guessed without one.
    """
    key = identify(table, secret(headers), datetime.now(UTC))
    route = table.deployments.get(name)
    if route is None:
        raise ModelUnknown(f"There is no deployment '{name[:100]}'.")
    allow(key, name)
    return route


def _header_length(headers: Headers) -> int | None:
    text = headers.get(HEADER_LENGTH)
    if text is None:
        return None
    if not text.isdigit() or len(text) > 12:
        raise BadRequest("Inference-Header-Content-Length must be a whole number.")
    return int(text)


def _response(body: bytes, head: int | None) -> Response:
    if head is None:
        return Response(200, body)
    return Response(200, body, [(b"content-type", b"application/octet-stream"), (HEADER_LENGTH, str(head).encode())])
