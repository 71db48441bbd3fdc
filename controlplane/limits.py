"""Bounds a request body before Django reads it, and answers for the disk that Django spools it to.

Django's own limit comes after the body lies on disk, and a full disk there is an error that no view sees.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from apps.core.errors import QuartetError, TooLarge

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Gate = Callable[[str, str], Awaitable[QuartetError | None]]

#: Addresses below which a body may be large, with the scope that its key needs.
LARGE = {"/api/v1/uploads/": "models:write", "/api/v1/datasets/": "training:write"}


class BodyTooLarge(Exception):
    """More bytes came than the limit allows."""


class _Refused(TooLarge):
    remedy = "Send less, or ask the operator to raise QUARTET_REQUEST_LIMIT or QUARTET_UPLOAD_LIMIT."


class _DiskRefuses(QuartetError):
    code = "storage_full"
    status = 507
    fault = "operator"
    remedy = "The operator must make room under QUARTET_HOME; then send it again."


class BodyLimit:
    """ASGI wrapper that answers 413 as soon as a body is, or says it will be, over its limit in bytes.

    A body for an address under one of LARGE may announce up to `upload_limit` where `gate`, asked with the
    Authorization header and the scope, gives no refusal; every other one is held to `request_limit`.
    """

    def __init__(self, app: App, *, request_limit: int, upload_limit: int, gate: Gate) -> None:
        self.app = app
        self.request_limit = request_limit
        self.upload_limit = upload_limit
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced, limit = _announced(scope), self.request_limit
        if announced > limit and (needed := _large(scope["path"])):
            limit = self.upload_limit
            if refusal := await self.gate(_header(scope, b"authorization"), needed):
                return await _answer(send, refusal)
        if announced > limit:
            return await _refuse(send, limit)
        try:
            await self.app(scope, _counted(receive, limit), send)
        except BodyTooLarge:
            await _refuse(send, limit)
        except OSError as error:
            await _answer(send, _DiskRefuses(f"The body cannot be written to disk: {error.strerror}."))


def _large(path: str) -> str:
    """The scope that a large body for this address takes; empty where none may be sent."""
    return next((scope for prefix, scope in LARGE.items() if path.startswith(prefix)), "")


def _announced(scope: Scope) -> int:
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> dict[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise BodyTooLarge
        return message

    return counted


async def _refuse(send: Send, limit: int) -> None:
    await _answer(send, _Refused(f"The body is larger than the {limit} bytes allowed at this address."))


async def _answer(send: Send, error: QuartetError) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error.as_dict()).encode()})
