"""How a caller is told: one whole answer, or events as the model comes to know more.

`Accept: text/event-stream` asks for server-sent events: `part` events carry the outputs as known so far, the last
event is `answer`, with the whole, or `error`. Each has the JSON of a plain answer as its data.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from workers.serving import wire
from workers.serving.errors import ServingError
from workers.serving.http.compression import TOO_MUCH_AT_ONCE, WORTH_IT, fold, wanted
from workers.serving.http.exchange import Asked
from workers.serving.http.response import JSON, Header, Response, error_body, error_response
from workers.serving.oip import reply as oip_reply
from workers.serving.oip.request import Wanted
from workers.serving.tensors import Sample
from workers.serving.trace import TRACEPARENT

HEADER_LENGTH = b"inference-header-content-length"
REQUEST_ID = b"x-request-id"
PREDICTION = b"x-quartet-prediction"
MUTED = b"x-quartet-muted"
SERVER_TIMING = b"server-timing"

#: Bytes unread by a client beyond which it gets no more parts, only the answer.
MOST_UNREAD = 256 * 1024

_BINARY = (b"content-type", b"application/octet-stream")
_EVENTS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


class Told(msgspec.Struct, frozen=True):
    """What every answer to one request says of it."""

    deployment: str
    version: str
    identifier: str
    traceparent: str
    prediction: str
    muted: tuple[str, ...] = ()  # inputs that the request brought and that are muted
    muted_used: bool = False  # the answer is from them all the same

    @property
    def parameters(self) -> dict[str, Any]:
        """What the JSON says of muted inputs."""
        if not self.muted:
            return {}
        return {"muted": self.muted, "muted_used": True} if self.muted_used else {"muted": self.muted}

    def headers(self) -> list[Header]:
        """The same as headers."""
        headers = [(REQUEST_ID, _as_header(self.identifier)), (PREDICTION, self.prediction.encode())]
        if self.traceparent:
            headers.append((TRACEPARENT, self.traceparent.encode()))
        if self.muted:
            used = ";used" if self.muted_used else ""  # a list with a parameter, as RFC 9651 writes one
            headers.append((MUTED, ", ".join(name + used for name in self.muted).encode()))
        return headers


def _as_header(identifier: str) -> bytes:
    """An id from a body may hold anything, line breaks too; what is not printable ASCII is percent-encoded."""
    plain = identifier.isascii() and identifier.isprintable()
    return (identifier if plain else quote(identifier, errors="replace")).encode()


class Teller:
    """Tells a whole answer."""

    __slots__ = ("_body", "_exchange", "_head", "_timing", "_told", "_wanted")

    wants_parts = False

    def __init__(self, exchange: Asked, told: Told, wanted: list[Wanted]) -> None:
        self._exchange = exchange
        self._told = told
        self._wanted = wanted
        self._body = b""
        self._head: int | None = None  # bytes of the JSON before the binary tensors, where there are any
        self._timing = b""

    def part(self, samples: list[Sample]) -> None:
        """A caller of the whole hears nothing before it."""

    def prepare(self, reply: wire.Reply) -> int:
        """Encode the answer; its bytes. Raises ModelOutputWrong and BadOutput."""
        self._body, self._head = self._encoded(reply.samples)
        self._timing = timing(reply.trail)
        return len(self._body)

    def send(self, then: Callable[[], None]) -> None:
        """Send it, and call `then`."""
        headers = self._told.headers()
        headers.append((SERVER_TIMING, self._timing))
        if self._head is None:
            headers.append(JSON)
        else:
            headers += [_BINARY, (HEADER_LENGTH, b"%d" % self._head)]
        accept = self._exchange.headers.get(b"accept-encoding")
        coding = wanted(accept) if accept and len(self._body) >= WORTH_IT else None
        if coding is not None:
            self._send_folded(coding, headers, then)
        else:
            self._respond(self._body, headers, then)

    def _respond(self, body: bytes, headers: list[Header], then: Callable[[], None]) -> None:
        self._exchange.respond(Response(200, body, headers))
        then()

    def _send_folded(self, coding: bytes, headers: list[Header], then: Callable[[], None]) -> None:
        headers = [*headers, (b"content-encoding", coding), (b"vary", b"accept-encoding")]
        if len(self._body) <= TOO_MUCH_AT_ONCE:
            self._respond(fold(self._body, coding), headers, then)
            return
        folding = asyncio.get_running_loop().run_in_executor(None, fold, self._body, coding)
        folding.add_done_callback(lambda folded: self._respond(folded.result(), headers, then))

    def _encoded(self, samples: list[Sample]) -> tuple[bytes, int | None]:
        said = self._told
        return oip_reply.encode(
            said.deployment,
            said.version,
            said.identifier,
            said.prediction,
            self._wanted,
            samples,
            said.parameters,
        )


class EventTeller(Teller):
    """Tells by server-sent events."""

    __slots__ = ()

    wants_parts = True

    def part(self, samples: list[Sample]) -> None:
        """What is known so far."""
        body, _ = self._encoded(samples)
        self._event(b"part", body)

    def send(self, then: Callable[[], None]) -> None:
        """The answer, as the last event."""
        self._event(b"answer", self._body)
        self._exchange.end()
        then()

    def _event(self, name: bytes, body: bytes) -> None:
        if not self._exchange.began:
            self._exchange.begin(200, [*_EVENTS, *self._told.headers()])
        self._exchange.write(event(name, body))


def teller(exchange: Asked, told: Told, wanted: list[Wanted]) -> Teller:
    """The one that the request's Accept asks for. Events are text, so their tensors are JSON."""
    if b"text/event-stream" in exchange.headers.get(b"accept", b""):
        return EventTeller(exchange, told, [Wanted(each.name, binary=False) for each in wanted])
    return Teller(exchange, told, wanted)


def failure(exchange: Asked, error: ServingError, prediction: str) -> None:
    """Tell an error: as the answer, or as the last event when events have begun. `prediction` is empty where the
    request did not come as far as to be one."""
    if exchange.began:
        exchange.write(event(b"error", error_body(error)))
        exchange.end()
    else:
        response = error_response(error)
        if prediction:
            response.headers = [*response.headers, (PREDICTION, prediction.encode())]
        exchange.respond(response)


def event(name: bytes, body: bytes) -> bytes:
    """One server-sent event; JSON has no line breaks of its own."""
    return b"event: %b\ndata: %b\n\n" % (name, body)


def timing(trail: tuple[wire.Stop, ...]) -> bytes:
    """https://www.w3.org/TR/server-timing/: each stage's waiting and its batch, in milliseconds."""
    return ", ".join(
        [f"{stop.stage}-queue;dur={stop.queued * 1e3:.2f}, {stop.stage};dur={stop.busy * 1e3:.2f}" for stop in trail]
    ).encode()
