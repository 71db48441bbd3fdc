"""A body over the limit is refused before it is taken in."""

from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import NotAuthenticated, QuartetError
from controlplane.limits import BodyLimit

Message = dict[str, Any]
KNOWN = {("mine", "models:write"), ("mine", "training:write")}


async def read_all(scope: Message, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def knows_mine(authorization: str, scope: str) -> QuartetError | None:
    return None if (authorization, scope) in KNOWN else NotAuthenticated("Who are you?")


async def spool_to_full_disk(scope: Message, receive: Any, send: Any) -> None:
    _write_to_full_disk((await receive())["body"])


def _write_to_full_disk(content: bytes) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(content)


async def ask(path: str, chunks: list[bytes], length: int | None = None, app: Any = read_all, by: str = "mine") -> int:
    parts = [{"type": "http.request", "body": c, "more_body": i < len(chunks) - 1} for i, c in enumerate(chunks)]
    sent: list[Message] = []

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", by.encode()), (b"content-length", str(length or 0).encode())]
    app = BodyLimit(app, request_limit=10, upload_limit=100, gate=knows_mine)
    await app({"type": "http", "path": path, "headers": headers}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
async def test_the_limit_itself_passes_and_one_byte_more_does_not(size: int, status: int) -> None:
    assert await ask("/api/v1/models", [b"x" * size]) == status


async def test_a_length_that_is_announced_is_refused_unread() -> None:
    assert await ask("/api/v1/models", [], length=11) == 413


async def test_a_body_that_grows_past_the_limit_is_cut_off() -> None:
    assert await ask("/api/v1/models", [b"12345"] * 3) == 413


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
async def test_uploads_have_their_own_limit(size: int, status: int) -> None:
    assert await ask("/api/v1/uploads/1/files/a", [b"x" * size], length=size) == status


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
async def test_archives_of_samples_may_be_as_large(size: int, status: int) -> None:
    assert await ask("/api/v1/datasets/digits/versions", [b"x" * size], length=size) == status


async def test_a_large_upload_by_nobody_is_refused_unread() -> None:
    assert await ask("/api/v1/uploads/1/files/a", [], length=100, by="nobody") == 401


async def test_an_upload_that_does_not_say_how_large_it_is_is_held_to_the_limit_of_requests() -> None:
    assert await ask("/api/v1/uploads/1/files/a", [b"x" * 11]) == 413


async def test_a_disk_that_is_full_before_any_view_sees_the_body_is_the_operators_fault() -> None:
    assert await ask("/api/v1/uploads/1/files/a", [b"x"], app=spool_to_full_disk) == 507
