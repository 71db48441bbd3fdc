"""The way back to one client, and whether it takes what it is given."""

import asyncio
from collections.abc import Callable

from workers.serving.http.response import CLOSE, Response, head

#: Bytes up to which an answer may lie with the server unread: about what it takes to notice that nobody reads.
AT_ONCE = 64 * 1024


class Outlet:
    """Writes to `transport`; without one the client has not come yet, or is gone, and nothing happens.

    A client that does not keep up has `seconds` to take its answer, and more by its size at `slowest` bytes a second.
    """

    __slots__ = ("_is_slow", "_loop", "_seconds", "_slowest", "_timer", "_untaken", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, slowest: int) -> None:
        self.transport: asyncio.Transport | None = None
        self._loop = loop
        self._seconds = seconds
        self._slowest = slowest
        self._is_slow = False  # the client does not take what it is given
        self._timer: asyncio.TimerHandle | None = None
        self._untaken: list[Callable[[], None]] = []

    def write(self, piece: bytes) -> None:
        """As it is."""
        if self.transport is not None:
            self.transport.write(piece)

    def write_whole(self, response: Response, closes: bool, without_body: bool) -> None:
        """A whole answer, its head and its body; one piece where it is small."""
        headers = [*response.headers, CLOSE] if closes and CLOSE not in response.headers else response.headers
        top = head(response.status, headers, len(response.body))
        body = b"" if without_body else response.body
        if len(body) <= AT_ONCE:
            self.write(top + body)
        else:
            self.write(top)
            self.write(body)

    def unread(self) -> int:
        """Bytes written and not yet taken by the system."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def when_taken(self, then: Callable[[], None]) -> None:
        """See Exchange."""
        if self.transport is None or (not self._is_slow and self.unread() <= AT_ONCE):
            then()
            return
        self._untaken.append(then)
        self._loop.call_soon(self._taken_if_fast)  # uvloop learns only then that the client does not keep up

    def slow(self) -> None:
        """The client takes its answer more slowly than it is given: from now on it is timed."""
        self._is_slow = True
        self._timer = self._loop.call_later(self._seconds + self.unread() / self._slowest, self.abort)

    def fast(self) -> None:
        """It has caught up."""
        self._is_slow = False
        self._untime()
        self._all_taken()

    def close(self) -> None:
        """When what was written is taken."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """At once."""
        if self.transport is not None:
            self.transport.abort()

    def gone(self) -> None:
        """The connection is lost."""
        self.transport = None
        self._untime()
        self._all_taken()

    def _untime(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _taken_if_fast(self) -> None:
        if not self._is_slow:
            self._all_taken()

    def _all_taken(self) -> None:
        untaken, self._untaken = self._untaken, []
        for then in untaken:
            then()
