"""Raw ASGI, as little of it as the gateway needs: read a bounded body, send one whole response."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import orjson

from workers.serving.admission import Admission
from workers.serving.compression import WINDOW_BITS, unfold
from workers.serving.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    MethodNotAllowed,
    ServingError,
    UnsupportedEncoding,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[bytes, bytes]

#: Seconds a connection that is to close is read from, so that its client comes to read the answer.
LINGER = 2.0

#: Bytes up to which a response may lie with the server unread: about what it takes to notice that nobody reads.
AT_ONCE = 64 * 1024

CLOSE = (b"connection", b"close")
_JSON = (b"content-type", b"application/json")
_BODY_UNREAD = frozenset({408, 413})
_TOO_SLOW = "the body is too slow"


class Response:
    """Status, headers and the whole body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = [*(headers or [_JSON]), (b"content-length", str(len(body)).encode())]


def json_response(document: Any, status: int = 200) -> Response:
    """The document as JSON."""
    return Response(status, orjson.dumps(document))


def error_response(error: ServingError) -> Response:
    """An error as the protocol wants it, a string under `error`, and with Quartet's code, fault and remedy."""
    body = {"error": str(error), "code": error.code, "fault": error.fault, "remedy": error.remedy}
    headers = [_JSON]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    if error.status in _BODY_UNREAD:
        headers.append(CLOSE)
    return Response(error.status, orjson.dumps(body), headers)


async def respond(send: Send, response: Response) -> None:
    """Send a response, and if it is large, wait until the client has taken it; a closed connection ignores it."""
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    if len(response.body) <= AT_ONCE:
        await send({"type": "http.response.body", "body": response.body})
        return
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await asyncio.sleep(0)  # uvloop may learn only now that the client does not keep up, which the next send waits for
    await send({"type": "http.response.body", "body": b""})


async def respond_and_part(receive: Receive, send: Send, response: Response) -> None:
    """Send a response that closes the connection, and read on until the client has seen it.

    Closed at once, with bytes of a body unread, the connection would be reset and the answer lost with it.
    """
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive())["type"] != "http.disconnect":
                pass
    await send({"type": "http.response.body", "body": b""})


class Body:
    """Reads one request's body, holding its bytes with the admission as they come."""

    def __init__(self, headers: Headers, limit: int, admission: Admission) -> None:
        self.held = 0
        self._headers = headers
        self._limit = limit
        self._admission = admission

    async def read(self, receive: Receive, seconds: float) -> bytes | bytearray:
        """The decompressed body.

        Raises BodyTooLarge as soon as it is known, from Content-Length or while the body comes or unfolds, so no more
        than the limit is ever held; TooBusy; BodyTooSlow after `seconds`; UnsupportedEncoding; ClientGone.
        """
        self._check(_length(self._headers))
        encoding = self._headers.get(b"content-encoding", b"identity").lower()
        if encoding not in WINDOW_BITS and encoding != b"identity":
            raise UnsupportedEncoding(f"The body's Content-Encoding {encoding.decode('latin-1')} is not supported.")
        body = await self._collect_within(receive, seconds)
        return body if encoding == b"identity" else self._unfold(body, encoding)

    async def _collect_within(self, receive: Receive, seconds: float) -> bytes | bytearray:
        """What asyncio.timeout does, at a quarter of its price: it was a twelfth of a small request's whole cost."""
        task = asyncio.current_task()
        assert task is not None
        timer = asyncio.get_running_loop().call_later(seconds, task.cancel, _TOO_SLOW)
        try:
            return await self._collect(receive)
        except asyncio.CancelledError as error:
            if error.args != (_TOO_SLOW,):
                raise
            task.uncancel()
            raise BodyTooSlow from None
        finally:
            timer.cancel()

    async def _collect(self, receive: Receive) -> bytes | bytearray:
        first, more = await self._chunk(receive)
        if not more:
            return first
        body = bytearray(first)
        while more:
            chunk, more = await self._chunk(receive)
            body += chunk
        return body

    async def _chunk(self, receive: Receive) -> tuple[bytes, bool]:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        self._check(self.held + len(chunk))
        self._hold(len(chunk))
        return chunk, message.get("more_body", False)

    def _unfold(self, body: bytes | bytearray, encoding: bytes) -> bytearray:
        plain = unfold(body, encoding, self._limit)
        self._hold(len(plain))
        return plain

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise BodyTooLarge(f"The request body is over the limit of {self._limit} bytes.")

    def _hold(self, size: int) -> None:
        self._admission.hold(size)
        self.held += size


def _length(headers: Headers) -> int:
    """What Content-Length announces; 0 when it says nothing (the server has already refused what is no number)."""
    return int(headers.get(b"content-length", b"0"))


def secret(headers: Headers) -> bytes | None:
    """The API key: `Authorization: Bearer <key>`, or `X-Api-Key: <key>`."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and token:
        return token.strip()
    return headers.get(b"x-api-key")
