"""HTTP/1.1 on one connection: uvicorn's protocol, with the limits that it leaves to a proxy in front.

Anyone may connect, with a key or without. So a head has a size, a connection has a time to show one and a time to take
its answers, and there are only so many connections. What is refused here is no request yet and is counted nowhere; how
long a body may take is the deployment's own limit (see http.py).

An upgrade that is asked for (Java's HttpClient asks for h2c by default) is ignored, as RFC 9110, 7.8 allows. The parser
alone would stop at the head of such a request and take its body for the next request.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from workers.serving.errors import BadRequest, MethodNotAllowed, ServingError, TooManyConnections
from workers.serving.http import CLOSE, error_response


class HeadTooLarge(BadRequest):
    code, status = "head_too_large", 431
    message = "The request's line and headers, or its trailers, are over the limit of 64 KiB."
    remedy = "Send what belongs to the model in the body."


class HeadTooSlow(BadRequest):
    code, status = "head_too_slow", 408
    message = "The request's headers did not arrive in time."
    remedy = "Send them at once."


class Protocol(HttpToolsProtocol):
    """One connection. The times are in seconds."""

    parser: HttpRequestParser

    max_connections = 4096
    head_limit = 64 * 1024  # bytes
    head_seconds = 20.0  # from connecting, or from a head's first byte, to its last
    idle_seconds = 80.0  # just above uvicorn's keep-alive, which any byte, even an empty line, ends
    linger_seconds = 2.0
    write_seconds = 30.0  # for a client to take its answer, and more by the answer's size:
    slowest = 256 * 1024  # bytes a second

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._unframed = 0  # bytes since the parser last came to the end of a head, to a piece of body or to its end
        self._in_head = False
        self._refused = False
        self._plain_head = b""  # of a request that asks for an upgrade, without that
        self._timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None

    # The connection

    def connection_made(self, transport: Transport) -> None:
        super().connection_made(transport)
        self._allow(self.head_seconds)
        if len(self.connections) > 2 * self.max_connections:  # too many even to be told so
            transport.abort()
        elif len(self.connections) > self.max_connections:
            self._refuse(TooManyConnections())

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        _cancel(self._timer)
        _cancel(self._write_timer)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._unframed += len(data)
        try:
            self._feed(data)
            if self._unframed > self.head_limit:
                raise HeadTooLarge
        except ServingError as error:
            self._refuse(error)
        except HttpParserError as error:  # around whatever a callback below has raised
            cause = error.__context__
            self._refuse(cause if isinstance(cause, ServingError) else BadRequest(f"This is not HTTP/1.1: {error}."))

    def _feed(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            try:
                self.parser.feed_data(rest)
                return
            except HttpParserUpgrade as upgrade:
                rest = memoryview(rest)[upgrade.args[0] :]
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does, and says why
            self.parser.feed_data(self._plain_head)

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        if self.cycle is None or self.cycle.response_complete:
            self._allow(self.head_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer is none of the request's headers
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._unframed > self.head_limit and self._head_size() > self.head_limit:
            raise HeadTooLarge
        if self.parser.should_upgrade():
            self._plain_head = self._without_upgrade()
            return
        self._in_head = False
        self._unframed = 0
        _cancel(self._timer)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unframed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._unframed = 0
            super().on_message_complete()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _without_upgrade(self) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise MethodNotAllowed("The gateway is no proxy; it does not take CONNECT.")
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                value = b",".join(each for each in value.split(b",") if each.strip().lower() != b"upgrade")
            if name != b"upgrade":
                lines.append(b"%s: %s" % (name, value))
        return b"\r\n".join([*lines, b"", b""])

    # What is sent

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refused or not self.cycle.response_complete:  # or else the next request had already come
            return
        unfinished = self._in_head or self.cycle.more_body or self.transport.is_closing()
        self._allow(self.head_seconds if unfinished else self.idle_seconds)

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is given: from now on it is timed."""
        super().pause_writing()
        seconds = self.write_seconds + self.transport.get_write_buffer_size() / self.slowest
        self._write_timer = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._write_timer)

    def _allow(self, seconds: float) -> None:
        _cancel(self._timer)
        self._timer = self.loop.call_later(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        if self._in_head and not self._refused:
            self._refuse(HeadTooSlow())
        else:
            self.transport.abort()

    def _refuse(self, error: ServingError) -> None:
        """Answer, and close when the client has had the time to read it.

        Closed at once, with bytes unread, the connection would be reset and the answer lost with it.
        """
        self._refused = True
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_raw(error))
        self._allow(self.linger_seconds)


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _raw(error: ServingError) -> bytes:
    response = error_response(error)
    headers = dict([*response.headers, CLOSE])
    lines = [b"%s: %s\r\n" % (name, headers[name]) for name in headers]
    return b"".join([STATUS_LINE[error.status], *lines, b"\r\n", response.body])
