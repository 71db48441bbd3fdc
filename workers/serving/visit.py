"""One inference request's stay in the gateway, from its head to the moment its client has taken the answer.

    body -> key and deployment again -> decode -> choose a revision -> stream -> reply -> encode

A body may take as long to come as a rollout, and by then its revision may be gone and its key revoked. So the routing
is asked again when the body is whole, and from there to the stream nothing waits.

Whatever happens is counted once, with the revision if one was chosen by then. The place is held until the client has
taken the answer, or else clients that do not read would fill the memory with answers; the time they take is not the
model's and is not counted.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from workers.serving import clock, muting, names, record, recording, told, wire
from workers.serving.accounts import NO_REVISION, Accounts, Place
from workers.serving.admission import Admission
from workers.serving.admit import secret
from workers.serving.errors import (
    BadRequest,
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    DeadlinePassed,
    QueueAway,
    QueueFull,
    ServingError,
    revive,
)
from workers.serving.http.body import Body
from workers.serving.http.exchange import Asked, Headers
from workers.serving.later import shelf
from workers.serving.later.desk import accepted
from workers.serving.later.replay import callback, kept, refuse_callback, wants_later
from workers.serving.mirrors import Mirrors
from workers.serving.oip.request import MAX_ID_LENGTH, InferRequest, decode
from workers.serving.recording import Recorder
from workers.serving.routing import DeploymentRoute, RoutingTable, Split, choose, identify
from workers.serving.submit import Dispatcher, Pending
from workers.serving.tensors import Sample
from workers.serving.time_limit import TimeLimit
from workers.serving.trace import TRACEPARENT, next_span

log = logging.getLogger(__name__)

STICKY = b"x-quartet-sticky"

#: Seconds after which a body that is whole has the routing asked again; what comes with its head needs none.
_STALE = 0.01


@dataclass(frozen=True, slots=True)
class Plane:
    """What all requests share."""

    table: Callable[[], RoutingTable]  # gives the current one, or raises RoutingMissing
    dispatcher: Dispatcher
    accounts: Accounts
    admission: Admission
    body_limit: int  # bytes
    recorder: Recorder
    later_seconds: float  # that a request which is answered later may take
    loop: asyncio.AbstractEventLoop
    mirrors: Mirrors


class Visit:
    """Reads the request's body and waits for its answer; made with a place taken by the admission."""

    __slots__ = (
        "_admit",
        "_asked_at",
        "_began",
        "_body",
        "_done",
        "_exchange",
        "_heard",
        "_held",
        "_limit",
        "_name",
        "_pending",
        "_place",
        "_plane",
        "_request",
        "_route",
        "_said",
        "_split",
        "_started",
        "_table",
        "_teller",
        "_timer",
        "_usual_priority",
        "_version",
    )

    def __init__(
        self,
        plane: Plane,
        exchange: Asked,
        name: str,
        version: str | None,
        table: RoutingTable,
        route: DeploymentRoute,
        admit: Callable[[RoutingTable], DeploymentRoute],  # asks the routing again
        usual_priority: int = names.NORMAL,
        asked_at: float | None = None,  # unix seconds, of a request that was kept and is asked again
    ) -> None:
        self._plane = plane
        self._exchange = exchange
        self._name = name
        self._version = version
        self._table = table
        self._route = route
        self._admit = admit
        self._usual_priority = usual_priority
        self._began = time.perf_counter()
        self._started = clock.now()
        self._asked_at = self._started if asked_at is None else asked_at
        self._place: Place = (name, NO_REVISION)
        self._held = 0  # bytes of the body, then of the answer
        self._done = False
        self._heard = 0  # parts
        self._body: Body | None = None
        self._request: InferRequest | None = None
        self._said: record.Asked | None = None
        self._split: Split | None = None
        self._limit: TimeLimit | None = None
        self._pending: Pending | None = None
        self._teller: told.Teller | None = None
        self._timer = plane.loop.call_later(route.timeout_ms / 1000, self._time_is_up)

    def open(self) -> None:
        """Begin to read the body."""
        try:
            self._body = Body(self._exchange.headers, self._plane.body_limit, self._plane.admission)
        except ServingError as error:
            self.fail(error)
        else:
            self._exchange.reader = self

    # The body: http.exchange.Reader

    def data(self, chunk: bytes) -> None:
        """The next piece."""
        assert self._body is not None
        try:
            self._body.add(chunk)
        except ServingError as error:
            self.fail(error)
        finally:
            self._held = self._body.held

    def end(self) -> None:
        """The body is whole: ask the model."""
        try:
            self._ask()
        except ServingError as error:
            self.fail(error)
        except Exception:
            log.exception("A request to %s could not be sent", self._name)
            self.fail(ServingError())

    def gone(self) -> None:
        """Nobody is there to be answered."""
        self.fail(ClientGone())

    def _ask(self) -> None:
        request = self._decoded()
        headers = self._exchange.headers
        limit = TimeLimit(self._started, self._route.timeout_ms / 1000, request.timeout)
        self._request, self._limit = request, limit
        if wants_later(headers):
            self._keep(request)
            return
        refuse_callback(headers)
        number = self._plane.dispatcher.next_id()
        identifier = request.id or _request_id(headers) or f"{self._plane.dispatcher.gateway}-{number:x}"
        sticky = headers.get(STICKY)
        split = choose(self._route, sticky.decode("latin-1") if sticky else identifier, self._version)
        self._place = (self._name, split.revision)
        trace = next_span(headers.get(TRACEPARENT)) if TRACEPARENT in headers else ""
        prediction = recording.asked(self._route, split, self._name, request, headers, self._started, self._asked_at)
        self._said, self._split = prediction, split
        said = told.Told(
            self._name,
            split.version,
            identifier,
            trace,
            record.id_text(prediction.id),
            prediction.muted,
            prediction.muted_used,
        )
        self._teller = told.teller(self._exchange, said, request.outputs)
        self._send(request, limit, split, number)

    def _keep(self, request: InferRequest) -> None:
        """Keep the request, to be answered later; who asked knows its id once Valkey has it."""
        assert self._body is not None
        identifier = shelf.new_id()
        key = identify(self._plane.table(), secret(self._exchange.headers), clock.utc())
        seconds = min(request.timeout or self._plane.later_seconds, self._plane.later_seconds)
        order = shelf.Order(
            key=key.id,
            deployment=self._name,
            version=self._version,
            headers=kept(self._exchange.headers),
            created=self._started,
            deadline=self._started + seconds,
            callback=callback(self._exchange.headers, key),
        )
        if not self._plane.dispatcher.ask(
            shelf.put(identifier, order, self._body.raw), partial(self._kept, identifier, order)
        ):
            raise QueueAway

    def _kept(self, identifier: str, order: shelf.Order, reply: object) -> None:
        if isinstance(reply, Exception):
            log.error("Valkey refused a request that is to be answered later: %s", reply)
            self.fail(QueueFull())
        elif not self._done:
            self._finish()
            self._exchange.respond(accepted(identifier, order))
            self._exchange.when_taken(self._leave)

    def _decoded(self) -> InferRequest:
        assert self._body is not None
        try:
            raw = self._body.whole()
        finally:
            self._held = self._body.held
        table = self._plane.table()
        if table is not self._table or time.perf_counter() - self._began > _STALE:
            self._route = self._admit(table)
        return decode(raw, _header_length(self._exchange.headers), self._route)

    def _send(self, request: InferRequest, limit: TimeLimit, split: Split, number: int) -> None:
        left = limit.left()
        if left <= 0:
            raise limit.passed()
        if request.timeout is not None:
            self._timer.cancel()
            self._timer = self._plane.loop.call_later(left, self._time_is_up)
        assert self._teller is not None and self._said is not None
        message = wire.Message(
            number,
            self._plane.dispatcher.gateway,
            limit.deadline,
            self._given(request, self._said),
            plan=split.plan if len(split.path) > 1 else (),
            priority=self._usual_priority if request.priority is None else request.priority,
            sent=clock.now(),
            events=self._teller.wants_parts,
            asked=self._said,
        )
        try:
            self._pending = self._plane.dispatcher.submit(message, split.path[0].stream, self)
        except wire.MessageTooLarge as error:
            raise BodyTooLarge(f"The request is too large for the queue: {error}.") from None

    @staticmethod
    def _given(request: InferRequest, said: record.Asked) -> list[Sample]:
        """What a model is given of it."""
        return muting.without(request.samples, said.muted) if said.muted and not said.muted_used else request.samples

    # The answer: submit.Waiter

    def answer(self, reply: wire.Reply) -> None:
        """The model's answer, or a part of it."""
        if self._done:
            return
        try:
            if reply.code:
                self._fail(self._revived(reply), recorded=True)
            elif reply.part:
                self._part(reply)
            else:
                self._answer(reply)
        except ServingError as error:
            self.fail(error)
        except Exception:
            log.exception("An answer of %s could not be sent", self._name)
            self.fail(ServingError())

    def _revived(self, reply: wire.Reply) -> ServingError:
        if reply.code == DeadlinePassed.code and self._limit:
            return self._limit.passed(reply.message)
        return revive(reply.code, reply.message)

    def _part(self, reply: wire.Reply) -> None:
        assert self._teller is not None
        if reply.part <= self._heard:  # computed again, after an outage or a replica's death
            return
        self._heard = reply.part
        if self._exchange.unread <= told.MOST_UNREAD:  # a client that does not keep up is spared some of the parts
            self._teller.part(reply.samples)

    def _answer(self, reply: wire.Reply) -> None:
        assert self._teller is not None and self._request is not None and self._said is not None
        size = self._teller.prepare(reply)
        self._plane.admission.exchange(self._held, size)
        self._held = size
        seconds = time.perf_counter() - self._began
        self._plane.accounts.answered(
            self._place,
            seconds,
            self._request.input_names,
            len(self._request.samples),
            reply.trail,
            self._said.muted,
            reply.confidences,
        )
        self._finish()
        self._teller.send(then=lambda: self._exchange.when_taken(self._leave))
        self._keep_inputs(reply.keep)
        if self._route.shadow is not None:
            given = self._given(self._request, self._said)
            self._plane.mirrors.after(self._said, given, wire.busy(reply.trail))

    def fail(self, error: ServingError) -> None:
        """Answer with an error."""
        self._fail(error, recorded=False)

    def _fail(self, error: ServingError, recorded: bool) -> None:
        if self._done:
            return
        self._plane.accounts.failed(self._place, time.perf_counter() - self._began, error.code)
        if self._pending is not None:
            self._plane.dispatcher.forget(self._pending)
        self._finish()
        said = self._said
        told.failure(self._exchange, error, record.id_text(said.id) if said else "")
        self._exchange.when_taken(self._leave)
        if said is not None and not recorded:
            self._plane.recorder.failed(said, error)
        if self._split is not None and not isinstance(error, ClientGone):
            self._keep_inputs(self._split.record.on_error)

    def _keep_inputs(self, wanted: bool) -> None:
        """Once the answer is on its way: where the answer asks for it, or the policy whatever the answer."""
        if self._said is None or self._split is None or self._request is None:
            return
        if wanted or recording.keeps(self._split, self._said):
            self._plane.recorder.keep(self._said, self._request, self._route)

    def _finish(self) -> None:
        self._done = True
        self._timer.cancel()
        self._pending = None  # it knows this visit: a circle would be left to the garbage collector

    def _leave(self) -> None:
        self._plane.admission.leave(self._name, self._held)

    def _time_is_up(self) -> None:
        if self._limit is None:
            self.fail(BodyTooSlow())
        elif self._plane.dispatcher.away_since is not None:
            self.fail(QueueAway("The request queue (Valkey) was away until the time limit passed."))
        else:
            self.fail(self._limit.passed())


def _request_id(headers: Headers) -> str:
    """The caller's X-Request-Id."""
    text = headers.get(told.REQUEST_ID, b"")
    if len(text) > MAX_ID_LENGTH:
        raise BadRequest(f"X-Request-Id must be at most {MAX_ID_LENGTH} characters.")
    return text.decode("latin-1")


def _header_length(headers: Headers) -> int | None:
    text = headers.get(told.HEADER_LENGTH)
    if text is None:
        return None
    if not text.isdigit() or len(text) > 12:
        raise BadRequest("Inference-Header-Content-Length must be a whole number.")
    return int(text)
