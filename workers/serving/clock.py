"""The time that gateways and replicas share: Valkey's.

One process writes a deadline, the time in an id, when a message was sent or a window's end, and another one reads it.
On nodes whose clocks differ by minutes a replica would take every request for expired, or none. So each process asks
Valkey what time it is, once a second, and goes by that.

Half a second is left alone: below it a machine's own clock, which somebody keeps, is better than what the way of an
answer makes of Valkey's.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

#: The command whose reply `learn` takes.
ASK = ("TIME",)
TOLERATED = 0.5  # seconds

_behind = 0.0  # seconds that this machine's clock is behind Valkey's


def now() -> float:
    """Unix seconds."""
    return time.time() + _behind


def utc() -> datetime:
    """The same as a date."""
    return datetime.fromtimestamp(now(), UTC)


def learn(asked_at: float, reply: Any) -> None:
    """Valkey's answer to `ASK`, which was sent at `asked_at` by this machine's clock; anything else says nothing."""
    global _behind
    if isinstance(reply, Sequence) and len(reply) == 2:
        _behind = corrected(_behind, asked_at, int(reply[0]) + int(reply[1]) / 1e6, time.time())


def corrected(behind: float, asked_at: float, theirs: float, heard_at: float) -> float:
    """How far behind this machine is, as far as an answer that took so long can tell."""
    way = (heard_at - asked_at) / 2
    found = theirs - (asked_at + way)
    doubt = TOLERATED + max(0.0, way)
    if abs(found) <= doubt:  # and so a clock that was set right is trusted again
        return 0.0
    return behind if abs(found - behind) <= doubt else found
