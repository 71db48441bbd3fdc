"""Answers: status, headers and body, and the bytes they are on the wire."""

from http import HTTPStatus
from typing import Any

import orjson

from workers.serving.errors import MethodNotAllowed, ServingError

Header = tuple[bytes, bytes]

JSON = (b"content-type", b"application/json")
CLOSE = (b"connection", b"close")

_STATUS_LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
_BODY_UNREAD = frozenset({408, 413})


class Response:
    """An answer with the whole of its body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: list[Header] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = headers if headers is not None else [JSON]

    @property
    def closes(self) -> bool:
        """Whether the connection ends with it: the rest of the request is not worth reading."""
        return self.status in _BODY_UNREAD or CLOSE in self.headers


def head(status: int, headers: list[Header], length: int | None) -> bytes:
    """Status line and headers, with the body's length where it is known and chunks announced where it is not."""
    framing = b"content-length: %d\r\n\r\n" % length if length is not None else b"transfer-encoding: chunked\r\n\r\n"
    return b"".join([_status_line(status), *[b"%b: %b\r\n" % header for header in headers], framing])


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def json_response(document: Any, status: int = 200, headers: list[Header] | None = None) -> Response:
    """The document as JSON."""
    return Response(status, orjson.dumps(document), [JSON, *(headers or [])])


def error_response(error: ServingError) -> Response:
    """An error as the protocol wants it, a string under `error`, and with Quartet's code, fault and remedy."""
    headers = [JSON]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    return Response(error.status, error_body(error), headers)


def error_body(error: ServingError) -> bytes:
    """The same as JSON alone."""
    return orjson.dumps({"error": str(error), "code": error.code, "fault": error.fault, "remedy": error.remedy})
