"""HTTP/1.1 on one connection, with the limits that are often left to a proxy in front.

Anyone may connect, with a key or without. So a head has a size, a connection has a time to show one and a time to take
its answers, and there are only so many connections. What is refused here is no request yet and is counted nowhere; how
long a body may take is the deployment's own limit (see infer.py).

Requests that come before the one ahead has its answer wait, unread further, and are answered in order. What the bytes
mean is found by parsing.py, a head that came before by again.py; what is sent goes by outlet.py.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from workers.serving.errors import BadRequest, ServingError, TooManyConnections
from workers.serving.http.again import Again, remembered
from workers.serving.http.exchange import Exchange, Head, Headers
from workers.serving.http.outlet import Outlet
from workers.serving.http.parsing import Parser
from workers.serving.http.response import CLOSE, Header, Response, error_response, head
from workers.serving.http.timer import Timer

log = logging.getLogger(__name__)

App = Callable[[Exchange], None]


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
        self._out = Outlet(self._loop, self.write_seconds, self.slowest)
        self._parser = Parser(self, self.head_limit)
        self._head: Head | None = None  # the last that was read to its end
        self._again: Again | None = None  # the same, where it may be known again
        self._current: Exchange | None = None  # whose answer comes next
        self._filling: Exchange | None = None  # whose body is being read
        self._queue: deque[Exchange] = deque()
        self._deaf = False  # nothing more is read
        self._refusal: ServingError | None = None  # told when the requests ahead have their answers
        self._stopping = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out.transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        self._timer.allow(self.head_seconds)
        if len(self._connections) > 2 * self.max_connections:  # too many even to be told so
            self._out.abort()
        elif len(self._connections) > self.max_connections:
            self._refuse(TooManyConnections())

    def connection_lost(self, exc: Exception | None) -> None:
        self._out.transport = None
        self._connections.discard(self)
        self._timer.cancel()
        if self._current is not None and self._current.reader is not None and not self._current.answered:
            self._current.answered = True
            self._current.reader.gone()
        self._out.gone()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        between = self._current is None and not self._parser.in_head and not self._queue
        if between and self._again is not None and (known := self._again.match(data)) is not None:
            self._take(self._again.head, *known)
            return
        self._head = None
        try:
            self._parser.feed(data)
        except ServingError as error:
            self._refuse(error)
        if self._parser.in_head and self._current is None:
            self._timer.at_most(self.head_seconds)
        if between and self._head is not None and self._filling is None and not self._parser.in_head:
            self._again = remembered(data, self._head)

    def _take(self, head: Head, headers: Headers, body: bytes) -> None:
        """A whole request whose head is known: what the parser would have found, at once."""
        exchange = Exchange(self, head, headers)
        exchange.early.append(body)
        exchange.whole = True
        self._start(exchange)

    # What the parser finds

    def found_head(self, head: Head) -> None:
        self._head = head
        exchange = self._filling = Exchange(self, head, head.headers)
        if self._current is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)
            self._pause_reading()

    def found_body(self, body: bytes) -> None:
        exchange = self._filling
        if exchange is None or exchange.answered:
            return
        if exchange is not self._current:
            exchange.early.append(body)
        elif exchange.reader is not None:
            self._call(exchange, lambda reader: reader.data(body))

    def found_end(self) -> None:
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

    # The requests, one after the other

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self._timer.rest()
        self._call(exchange, None)
        if exchange.reader is None or exchange.answered:
            return
        if not exchange.whole and exchange.headers.get(b"expect", b"").lower() == b"100-continue":
            self._out.write(b"HTTP/1.1 100 Continue\r\n\r\n")
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
            self._timer.allow(self.head_seconds if self._parser.in_head else self.idle_seconds)

    def _start_next(self) -> None:
        if self._queue and self._current is None and self._out.transport is not None:
            exchange = self._queue.popleft()
            if not self._queue:
                self._resume_reading()
            self._start(exchange)

    # What is sent

    def respond(self, exchange: Exchange, response: Response) -> None:
        """See Exchange."""
        if exchange.began or exchange.answered or self._out.transport is None:
            return
        exchange.began = exchange.answered = True
        closes = response.closes or not exchange.keep_alive or self._stopping
        self._out.write_whole(response, closes, without_body=exchange.method == "HEAD")
        self._answered(exchange, closes)

    def begin(self, exchange: Exchange, status: int, headers: list[Header]) -> None:
        """See Exchange."""
        if exchange.began or self._out.transport is None:
            return
        exchange.began = True
        self._out.write(head(status, headers if exchange.keep_alive else [*headers, CLOSE], None))

    def write(self, exchange: Exchange, piece: bytes) -> None:
        """See Exchange."""
        if exchange.began and not exchange.answered and piece:
            self._out.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def end(self, exchange: Exchange) -> None:
        """See Exchange."""
        if exchange.began and not exchange.answered:
            exchange.answered = True
            self._out.write(b"0\r\n\r\n")
            self._answered(exchange, closes=not exchange.keep_alive or self._stopping)

    def unread(self) -> int:
        """See Exchange."""
        return self._out.unread()

    def when_taken(self, then: Callable[[], None]) -> None:
        """See Exchange."""
        self._out.when_taken(then)

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
        if at_once and self._out.transport is not None:
            self._out.close()
        else:
            self._timer.allow(self.linger_seconds)

    def _part(self, response: Response) -> None:
        self._out.write_whole(response, closes=True, without_body=False)
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
        if exchange.began and self._out.transport is not None:
            self._close(at_once=was_answered)
        else:
            self._part(error_response(error))

    # A slow client, a silent one, and the end

    def pause_writing(self) -> None:
        self._out.slow()

    def resume_writing(self) -> None:
        self._out.fast()

    def stop(self) -> None:
        """Close, when the request under way has its answer."""
        self._stopping = True
        if self._current is None:
            self._out.close()

    def _time_is_up(self) -> None:
        if self._parser.in_head and not self._deaf and self._current is None:
            self._refuse(HeadTooSlow())
        else:
            self._out.abort()

    def _pause_reading(self) -> None:
        if self._out.transport is not None and self._out.transport.is_reading():
            self._out.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._out.transport is not None and not self._out.transport.is_reading():
            self._out.transport.resume_reading()
