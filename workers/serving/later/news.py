"""What is told of a finished request to the webhook endpoint that its caller named.

The news goes to a stream in the step that finishes the request. The ingest process has it delivered
(`callbacks_add` of apps/inference/services), so that neither the gateway nor whoever takes the call is waited for.
"""

from contextlib import suppress
from typing import Any

import msgspec

from workers.serving.later.shelf import CANCELLED, Answer, Order, state_after

#: Characters that are told of an error's message; the whole is in the answer.
MOST_MESSAGE = 1000


class News(msgspec.Struct, frozen=True):
    """One finished request."""

    id: str
    endpoint: int
    key: int  # who asked
    deployment: str
    state: str  # done, failed or cancelled
    finished: float  # unix seconds
    status: int | None = None  # of the answer, as HTTP's
    error: dict[str, str] | None = None  # code and message


def answered(identifier: str, order: Order, answer: Answer, body: bytes) -> bytes:
    """What to tell of an answer; nothing where nobody asked to be told."""
    if order.callback is None:
        return b""
    state = state_after(answer)
    error = _error(body) if answer.status >= 400 else None
    return msgspec.json.encode(
        News(identifier, order.callback, order.key, order.deployment, state, answer.finished, answer.status, error)
    )


def cancelled(identifier: str, order: Order, now: float) -> bytes:
    """What to tell of a request that its caller gave up; nothing where nobody asked to be told."""
    if order.callback is None:
        return b""
    return msgspec.json.encode(News(identifier, order.callback, order.key, order.deployment, CANCELLED, now))


def _error(body: bytes) -> dict[str, str]:
    told: dict[str, Any] = {}
    with suppress(msgspec.DecodeError):
        told = msgspec.json.decode(body, type=dict)
    return {"code": str(told.get("code", "")), "message": str(told.get("error", ""))[:MOST_MESSAGE]}
