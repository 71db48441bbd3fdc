"""A stream that must not grow without end while nobody empties it, as one of its writers sees it.

The writer asks for its size now and then (`ask`, `learn`) and counts what it adds meanwhile. So a write costs nothing
more, and the stream passes its limit by no more than the other writers add between two looks.
"""

from typing import Any

from workers.serving import names
from workers.serving.valkey.address import Command

#: Field of an entry that holds its msgpack.
FIELD = b"m"


class Spool:
    """One stream and the counter of what did not fit into it; `limit` in bytes."""

    __slots__ = ("_counter", "_limit", "_room", "_stream", "ask")

    def __init__(self, stream: str, counter: str, limit: int) -> None:
        self._stream = stream
        self._counter = counter
        self._limit = limit
        self._room = limit
        #: The command whose reply `learn` takes.
        self.ask: Command = ("MEMORY", "USAGE", stream)

    def learn(self, used: Any) -> None:
        """Valkey's answer to `ask`: bytes, or None where there is no stream. Anything else says nothing."""
        if used is None or isinstance(used, int):
            self._room = self._limit - (used or 0)

    def put(self, raw: bytes, predictions: int) -> Command:
        """The command that adds an entry of so many predictions; where there is no room, the one that counts them."""
        if len(raw) > self._room:
            return ("INCRBY", self._counter, predictions)
        self._room -= len(raw)
        return ("XADD", self._stream, "*", FIELD, raw)


def predictions(limit: int) -> Spool:
    """Of records."""
    return Spool(names.PREDICTIONS, names.PREDICTIONS_DROPPED, limit)


def kept(limit: int) -> Spool:
    """Of inputs that are kept."""
    return Spool(names.KEPT, names.KEPT_DROPPED, limit)
