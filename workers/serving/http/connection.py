"""HTTP/1.1 on one connection, parsed by httptools, with the limits that are often left to a proxy in front.

Anyone may connect, with a key or without. So a head has a size, a connection has a time to show one and a time to take
its answers, and there are only so many connections. What is refused here is no request yet and is counted nowhere; how
long a body may take is the deployment's own limit (see infer.py).

Requests that come before the one ahead has its answer wait, unread further, and are answered in order. An upgrade that
is asked for (Java's HttpClient asks for h2c by default) is ignored, as RFC 9110, 7.8 allows. The parser alone would
stop at the head of such a request and take its body for the next request.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from workers.serving.errors import BadRequest, ServingError, TooManyConnections
from workers.serving.http.again import Again, remembered
from workers.serving.http.exchange import Exchange, Head, Headers
from workers.serving.http.response import CLOSE, Header, Response, error_response, head
from workers.serving.http.timer import Timer
from workers.serving.http.upgrade import without_upgrade

log = logging.getLogger(__name__)

App = Callable[[Exchange], None]

#: Bytes up to which an answer may lie with the server unread: about what it takes to notice that nobody reads.
AT_ONCE = 64 * 1024


class HeadTooLarge(BadRequest):
    code, status = "head_too_large", 431
    message = "The request's line and headers, or its trailers, are over the limit of 64 KiB."
    remedy = "Send what belongs to the model in the body."


class HeadTooSlow(BadRequest):
    code, status = "head_too_slow", 408
    message = "The request's headers did not arrive in time."
    remedy = "Send them at once."


class Connection(asyncio.Protocol):
    """One connection, of those in `connections`. The times are in seconds."""

    max_connections = 4096
    head_limit = 64 * 1024  # bytes
    head_seconds = 20.0  # from connecting, or from a head's first byte, to its last
    idle_seconds = 80.0  # between requests
    linger_seconds = 2.0  # that a connection which is to close is read from, so that its client reads the answer
    write_seconds = 30.0  # for a client to take its answer, and more by the answer's size:
    slowest = 256 * 1024  # bytes a second

    def __init__(self, app: App, connections: set["Connection"]) -> None:
        self._app = app
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._timer = Timer(self._loop, self._time_is_up)
        self._write_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._parser = self._new_parser()
        # The head that is being read
        self._target = b""
        self._headers: Headers = {}
        self._in_head = False
        self._unframed = 0  # bytes since the parser last came to the end of a head, to a piece of body or to its end
        self._plain_head = b""  # of a request that asks for an upgrade, without that
        self._head: Head | None = None  # the last that was read to its end
        self._again: Again | None = None  # the same, where it may be known again
        # The requests
        self._current: Exchange | None = None  # whose answer comes next
        self._filling: Exchange | None = None  # whose body is being read
        self._queue: deque[Exchange] = deque()
        # The way back
        self._deaf = False  # nothing more is read
        self._refusal: ServingError | None = None  # told when the requests ahead have their answers
        self._stopping = False
        self._is_slow = False  # the client does not take what it is given
        self._untaken: list[Callable[[], None]] = []

    def _new_parser(self) -> HttpRequestParser:
        parser = HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # it is read and dropped
        return parser

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        self._timer.allow(self.head_seconds)
        if len(self._connections) > 2 * self.max_connections:  # too many even to be told so
            self._transport.abort()
        elif len(self._connections) > self.max_connections:
            self._refuse(TooManyConnections())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._connections.discard(self)
        self._timer.cancel()
        _cancel(self._write_timer)
        if self._current is not None and self._current.reader is not None and not self._current.answered:
            self._current.answered = True
            self._current.reader.gone()
        self._all_taken()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        between = self._current is None and not self._in_head and not self._queue
        if between and self._again is not None and (known := self._again.match(data)) is not None:
            self._take(self._again.head, *known)
            return
        self._head = None
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
        if self._in_head and self._current is None:
            self._timer.at_most(self.head_seconds)
        if between and self._head is not None and self._filling is None and not self._in_head:
            self._again = remembered(data, self._head)

    def _take(self, head: Head, headers: Headers, body: bytes) -> None:
        """A whole request whose head is known: what the parser would have found, at once."""
        exchange = Exchange(self, head, headers)
        exchange.early.append(body)
        exchange.whole = True
        self._start(exchange)

    def _feed(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
                return
            except HttpParserUpgrade as upgrade:
                rest = memoryview(rest)[upgrade.args[0] :]
            self._parser = self._new_parser()
            self._parser.feed_data(self._plain_head)

    # What the parser finds

    def on_message_begin(self) -> None:
        self._target, self._headers = b"", {}
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer is none of the request's headers
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._unframed > self.head_limit and self._head_size() > self.head_limit:
            raise HeadTooLarge
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if self._parser.should_upgrade():
            self._plain_head = without_upgrade(method, self._target, version, self._headers)
            return
        self._in_head = False
        self._unframed = 0
        keep_alive = self._parser.should_keep_alive() and version != "1.0"
        self._head = Head(method.decode("latin-1"), self._target, self._headers, keep_alive)
        exchange = self._filling = Exchange(self, self._head, self._headers)
        if self._current is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)
            self._pause_reading()

    def on_body(self, body: bytes) -> None:
        self._unframed = 0
        exchange = self._filling
        if exchange is None or exchange.answered:
            return
        if exchange is not self._current:
            exchange.early.append(body)
        elif exchange.reader is not None:
            self._call(exchange, lambda reader: reader.data(body))

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        self._unframed = 0
        exchange, self._filling = self._filling, None
        if exchange is None:
            return
        exchange.whole = True
        if exchange is not self._current:
            return
        if exchange.answered:
            self._finished()
        elif exchange.reader is not None:
            self._call(exchange, lambda reader: reader.end())

    def _head_size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) for name, value in self._headers.items())

    # The requests, one after the other

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self._timer.rest()
        self._call(exchange, None)
        if exchange.reader is None or exchange.answered:
            return
        if not exchange.whole and exchange.headers.get(b"expect", b"").lower() == b"100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        early, exchange.early = b"".join(exchange.early), []
        if early:
            self._call(exchange, lambda reader: reader.data(early))
        if exchange.whole:
            self._call(exchange, lambda reader: reader.end())

    def _call(self, exchange: Exchange, then: Callable[[Any], None] | None) -> None:
        """Call the request's reader, or without `then` the app; an error from there is the answer."""
        if exchange.answered:
            return
        try:
            if then is None:
                self._app(exchange)
            else:
                then(exchange.reader)
        except ServingError as error:
            self.respond(exchange, error_response(error))
        except Exception:
            log.exception("The gateway failed on %s %r", exchange.method, exchange.target)
            self.respond(exchange, error_response(ServingError()))

    def _finished(self) -> None:
        """The current request has its answer and has been read to its end."""
        self._current = None
        if self._queue:
            self._loop.call_soon(self._start_next)
        elif self._refusal is not None:
            self._part(error_response(self._refusal))
        else:
            self._timer.allow(self.head_seconds if self._in_head else self.idle_seconds)

    def _start_next(self) -> None:
        if self._queue and self._current is None and self._transport is not None:
            exchange = self._queue.popleft()
            if not self._queue:
                self._resume_reading()
            self._start(exchange)

    # What is sent

    def respond(self, exchange: Exchange, response: Response) -> None:
        """See Exchange."""
        if exchange.began or exchange.answered or self._transport is None:
            return
        exchange.began = exchange.answered = True
        closes = response.closes or not exchange.keep_alive or self._stopping
        self._write_whole(response, closes, without_body=exchange.method == "HEAD")
        self._answered(exchange, closes)

    def begin(self, exchange: Exchange, status: int, headers: list[Header]) -> None:
        """See Exchange."""
        if exchange.began or self._transport is None:
            return
        exchange.began = True
        self._write(head(status, headers if exchange.keep_alive else [*headers, CLOSE], None))

    def write(self, exchange: Exchange, piece: bytes) -> None:
        """See Exchange."""
        if exchange.began and not exchange.answered and piece:
            self._write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def end(self, exchange: Exchange) -> None:
        """See Exchange."""
        if exchange.began and not exchange.answered:
            exchange.answered = True
            self._write(b"0\r\n\r\n")
            self._answered(exchange, closes=not exchange.keep_alive or self._stopping)

    def unread(self) -> int:
        """Bytes written and not yet taken by the system."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def when_taken(self, then: Callable[[], None]) -> None:
        """See Exchange."""
        if self._transport is None or (not self._is_slow and self.unread() <= AT_ONCE):
            then()
            return
        self._untaken.append(then)
        self._loop.call_soon(self._taken_if_fast)  # uvloop learns only then that the client does not keep up

    def _write_whole(self, response: Response, closes: bool, without_body: bool) -> None:
        headers = [*response.headers, CLOSE] if closes and CLOSE not in response.headers else response.headers
        top = head(response.status, headers, len(response.body))
        body = b"" if without_body else response.body
        if len(body) <= AT_ONCE:
            self._write(top + body)
        else:
            self._write(top)
            self._write(body)

    def _write(self, piece: bytes) -> None:
        if self._transport is not None:
            self._transport.write(piece)

    def _answered(self, exchange: Exchange, closes: bool) -> None:
        exchange.reader = None  # they know each other: kept, each request would be left to the garbage collector
        if closes:
            self._close(exchange.whole)
        elif exchange.whole:
            self._finished()
        else:
            self._timer.allow(self.head_seconds)  # for the rest of a body that nobody reads

    def _close(self, at_once: bool) -> None:
        """Close when the client has had the time to read its answer.

        Closed at once, with bytes of a body unread, the connection would be reset and the answer lost with it.
        """
        self._deaf = True
        if at_once and self._transport is not None:
            self._transport.close()
        else:
            self._timer.allow(self.linger_seconds)

    def _part(self, response: Response) -> None:
        self._write_whole(response, closes=True, without_body=False)
        self._close(at_once=False)

    def _refuse(self, error: ServingError) -> None:
        """What comes is no request of HTTP's: tell so behind the answers that are still to come, and close."""
        self._deaf = True
        current = self._current
        if current is None:
            self._part(error_response(error))
        elif current.whole and not current.answered:
            self._refusal = error
        else:  # its body is broken off
            self._give_up(current, error)

    def _give_up(self, exchange: Exchange, error: ServingError) -> None:
        was_answered, exchange.answered = exchange.answered, True
        if not was_answered and exchange.reader is not None:
            exchange.reader.gone()
        if exchange.began and self._transport is not None:
            self._close(at_once=was_answered)
        else:
            self._part(error_response(error))

    # A slow client, a silent one, and the end

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is given: from now on it is timed."""
        self._is_slow = True
        seconds = self.write_seconds + self.unread() / self.slowest
        self._write_timer = self._loop.call_later(seconds, self._abort)

    def resume_writing(self) -> None:
        self._is_slow = False
        _cancel(self._write_timer)
        self._all_taken()

    def stop(self) -> None:
        """Close, when the request under way has its answer."""
        self._stopping = True
        if self._current is None and self._transport is not None:
            self._transport.close()

    def _taken_if_fast(self) -> None:
        if not self._is_slow:
            self._all_taken()

    def _all_taken(self) -> None:
        untaken, self._untaken = self._untaken, []
        for then in untaken:
            then()

    def _time_is_up(self) -> None:
        if self._in_head and not self._deaf and self._current is None:
            self._refuse(HeadTooSlow())
        else:
            self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _pause_reading(self) -> None:
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
