"""The ways to Valkey, alike for gateway and replica: they fail at once, and whoever uses them reconnects knowingly.

`link` and `sync_link` are the hot path's: pipelined commands over one connection each. `connect` and `connect_async`
give redis-py's clients for everything that is not counted in microseconds. redis-py's own retries are off: a command
repeated behind our back could send a request twice, and an outage must be noticed so that pending requests are sent
again.
"""

import re
from collections.abc import Iterator
from typing import Any

import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

#: What is raised when the server is gone, hangs, or is still loading its data (BusyLoadingError is a subclass).
AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, OSError)

#: Anything Valkey, or the way to it, can fail with.
FAILED = (exceptions.RedisError, OSError)

#: Valkey is there but takes no writes just now: its memory or disk is full, or it is a replica or lacks replicas.
_FULL = (exceptions.ExecAbortError, exceptions.OutOfMemoryError, exceptions.ReadOnlyError)

#: The same, and a group or stream that is gone with Valkey's data, by the codes for which redis-py has no class.
_PASSING = re.compile(r"(^|caused error: )(MISCONF|NOREPLICAS|NOGROUP|UNBLOCKED) ")

#: Longest blocking read in seconds; below SOCKET_TIMEOUT, so that a silent network is noticed.
BLOCK = 1.0
SOCKET_TIMEOUT = 10.0
CONNECT_TIMEOUT = 2.0

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # seconds between tries to reconnect


def may_pass(error: BaseException) -> bool:
    """Whether to wait, join again and go on: Valkey is away, takes no writes just now, or has lost its data.

    What was computed meanwhile is kept and sent then.
    """
    return isinstance(error, (*AWAY, *_FULL)) or (
        isinstance(error, exceptions.ResponseError) and _PASSING.search(str(error)) is not None
    )


def connect(url: str) -> redis.Redis:
    """A blocking client; connects with its first command."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **_options(url))


def connect_async(url: str) -> redis.asyncio.Redis:
    """An asyncio client; connects with its first command."""
    return redis.asyncio.Redis.from_url(url, retry=AsyncRetry(NoBackoff(), 0), **_options(url))


def _options(url: str) -> dict[str, Any]:
    options = {"protocol": 2, "socket_timeout": SOCKET_TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT}
    return options if url.startswith("unix://") else options | {"socket_keepalive": True}


def pauses() -> Iterator[float]:
    """Seconds to wait before each next try to reconnect, growing to one second."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
