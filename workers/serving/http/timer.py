"""One limit of time for a connection, moved with every request at the price of an assignment."""

import asyncio
from collections.abc import Callable


class Timer:
    """Calls `then` when the time last allowed is over.

    A handle of the loop's is made only where none would ring early enough; one that rings too early, because more time
    was allowed since, is set again.
    """

    __slots__ = ("_due", "_handle", "_loop", "_rings_at", "_then")

    def __init__(self, loop: asyncio.AbstractEventLoop, then: Callable[[], None]) -> None:
        self._loop = loop
        self._then = then
        self._due: float | None = None
        self._rings_at = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def allow(self, seconds: float) -> None:
        """So much time from now on."""
        self._due = self._loop.time() + seconds
        if self._handle is None or self._rings_at > self._due:
            self._set(self._due)

    def at_most(self, seconds: float) -> None:
        """So much time, unless less was allowed already."""
        if self._due is None or self._due > self._loop.time() + seconds:
            self.allow(seconds)

    def rest(self) -> None:
        """Any time."""
        self._due = None

    def cancel(self) -> None:
        """For good."""
        self._due = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._rings_at = due
        self._handle = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._handle = None
        if self._due is None:
            return
        if self._loop.time() + 0.001 < self._due:
            self._set(self._due)
        else:
            self._due = None
            self._then()
