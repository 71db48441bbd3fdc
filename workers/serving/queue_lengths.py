"""How much waits in each stream, asked for when somebody wants to know and not before."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from workers.serving.submit import Dispatcher

Lengths = dict[str, int]

#: Seconds to wait for Valkey; what it has told by then is told on.
PATIENCE = 2.0


def measure(dispatcher: Dispatcher, streams: Sequence[str], then: Callable[[Lengths], None]) -> None:
    """Call `then`, once, with the entries of each stream, waiting or in progress, by its name."""
    asked = _Asked(then)
    for stream in streams:
        if not dispatcher.ask(("XLEN", stream), partial(asked.note, stream)):
            break
        asked.open += 1
    asked.begin()


class _Asked:
    def __init__(self, then: Callable[[Lengths], None]) -> None:
        self.open = 0
        self._then: Callable[[Lengths], None] | None = then
        self._lengths: Lengths = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Everything is asked."""
        self._timer = asyncio.get_running_loop().call_later(PATIENCE if self.open else 0.0, self._tell)

    def note(self, stream: str, length: Any) -> None:
        if isinstance(length, int):
            self._lengths[stream] = length
        self.open -= 1
        if not self.open:
            self._tell()

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        then, self._then = self._then, None
        if then is not None:
            then(self._lengths)
