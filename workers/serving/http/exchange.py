"""One request on a connection, and the way back to whoever sent it.

    head -> app(exchange) -> [reader.data ...] -> reader.end -> respond, or begin + write ... + end

Everything is a plain call within the event loop's turn: a small request costs no task, no future and no timer here.
"""

from collections.abc import Callable
from typing import Protocol

from workers.serving.http.response import Header, Response

Headers = dict[bytes, bytes]


class Reader(Protocol):
    """Takes a request's body. Each method may raise a ServingError, which is then the answer."""

    def data(self, chunk: bytes) -> None:
        """The next piece."""

    def end(self) -> None:
        """The body is whole."""

    def gone(self) -> None:
        """The client has hung up, before the body's end or while it waited for the answer."""


class Asked(Protocol):
    """A request as whoever answers it sees it: an Exchange, or one that is asked again (see later/replay.py)."""

    headers: Headers
    reader: Reader | None
    began: bool
    answered: bool

    def respond(self, response: Response) -> None: ...
    def begin(self, status: int, headers: list[Header]) -> None: ...
    def write(self, piece: bytes) -> None: ...
    def end(self) -> None: ...
    def when_taken(self, then: Callable[[], None]) -> None: ...
    @property
    def unread(self) -> int: ...


class Head:
    """A request's line and headers. Names of headers are lower-case; of a header sent twice the last counts.

    `note` is the application's: what it found out by the head, for when the same comes again (see again.py).
    """

    __slots__ = ("headers", "keep_alive", "method", "note", "target")

    def __init__(self, method: str, target: bytes, headers: Headers, keep_alive: bool) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.keep_alive = keep_alive
        self.note: object = None


class Line(Protocol):
    """The connection that a request came by; see Exchange for what each does."""

    def respond(self, exchange: "Exchange", response: Response) -> None: ...
    def begin(self, exchange: "Exchange", status: int, headers: list[Header]) -> None: ...
    def write(self, exchange: "Exchange", piece: bytes) -> None: ...
    def end(self, exchange: "Exchange") -> None: ...
    def unread(self) -> int: ...
    def when_taken(self, then: Callable[[], None]) -> None: ...


class Exchange:
    """A request with its head read. `headers` are the head's, with the length of this request's body."""

    __slots__ = (
        "_connection",
        "answered",
        "began",
        "early",
        "head",
        "headers",
        "keep_alive",
        "method",
        "reader",
        "target",
        "whole",
    )

    def __init__(self, connection: Line, head: Head, headers: Headers) -> None:
        self._connection = connection
        self.head = head
        self.method = head.method
        self.target = head.target
        self.headers = headers
        self.keep_alive = head.keep_alive
        self.reader: Reader | None = None
        self.early: list[bytes] = []  # pieces of body that came while an earlier request was under way
        self.whole = False  # the body has come to its end
        self.began = False  # the answer has begun
        self.answered = False  # and has come to its end

    def respond(self, response: Response) -> None:
        """Answer. Nothing happens when the client is gone or has its answer."""
        self._connection.respond(self, response)

    def begin(self, status: int, headers: list[Header]) -> None:
        """Begin an answer of unknown length."""
        self._connection.begin(self, status, headers)

    def write(self, piece: bytes) -> None:
        """A piece of it."""
        self._connection.write(self, piece)

    def end(self) -> None:
        """Its end."""
        self._connection.end(self)

    @property
    def unread(self) -> int:
        """Bytes of answers that the client has not taken yet."""
        return self._connection.unread()

    def when_taken(self, then: Callable[[], None]) -> None:
        """Call `then` once the client has taken what was sent, but for what its socket's buffers hold, or is gone."""
        self._connection.when_taken(then)
