"""How much waits in stage streams, in two round trips however many there are.

An entry is deleted when it is answered, so a stream's length is what waits and what is in progress; an entry's id
begins with the millisecond, by Valkey's clock, at which it came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from apps.deployments.rules.scale import Load
from apps.deployments.rules.streams import with_sisters
from workers.serving import names


@dataclass(frozen=True, slots=True)
class _Stream:
    """One stream: entries that wait, entries in progress, the id after which entries wait, and when one last came
    (Valkey's milliseconds; None: never)."""

    waiting: int = 0
    in_progress: int = 0
    delivered: str = "0-0"
    last_ms: int | None = None


def loads(valkey: Redis, streams: Iterable[str]) -> dict[str, Load]:
    """What waits at each of `streams` with its sisters of other priorities. Raises RedisError."""
    asked = list(streams)
    keys = [sister for stream in asked for sister in with_sisters(stream)]
    seconds, micros = valkey.time()
    moment = seconds * 1000 + micros / 1000
    seen = dict(zip(keys, _streams(valkey, keys), strict=True))
    oldest = _oldest(valkey, {key: stream for key, stream in seen.items() if stream.waiting})
    return {stream: _load([(seen[key], oldest.get(key)) for key in with_sisters(stream)], moment) for stream in asked}


def _streams(valkey: Redis, keys: Sequence[str]) -> list[_Stream]:
    pipe = valkey.pipeline(transaction=False)
    for key in keys:
        pipe.xinfo_stream(key)
        pipe.xinfo_groups(key)
    said = pipe.execute(raise_on_error=False)
    return [_stream(said[at], said[at + 1]) for at in range(0, len(said), 2)]


def _stream(info: Any, groups: Any) -> _Stream:
    if isinstance(info, ResponseError):
        return _Stream()  # nobody sent anything yet
    if isinstance(info, Exception):
        raise info
    last, length = _ms(info["last-generated-id"]), info["length"]
    named = groups if isinstance(groups, list) else []
    group = next((each for each in named if each["name"] == names.GROUP.encode()), None)
    if group is None:
        return _Stream(waiting=length, last_ms=last or None)
    lag = group.get("lag")
    waiting = max(0, length - group["pending"]) if lag is None else min(lag, length)
    return _Stream(waiting, group["pending"], group["last-delivered-id"].decode(), last or None)


def _oldest(valkey: Redis, waiting: dict[str, _Stream]) -> dict[str, int]:
    """When the first entry came that nobody was given yet, in Valkey's milliseconds."""
    pipe = valkey.pipeline(transaction=False)
    for key, stream in waiting.items():
        pipe.xrange(key, min=f"({stream.delivered}", count=1)
    first = zip(waiting, pipe.execute(), strict=True)
    return {key: _ms(entries[0][0]) for key, entries in first if entries}


def _load(streams: Iterable[tuple[_Stream, int | None]], moment: float) -> Load:
    listed = list(streams)
    came = [stream.last_ms for stream, _ in listed if stream.last_ms is not None]
    ages = [moment - oldest for _, oldest in listed if oldest is not None]
    return Load(
        waiting=sum(stream.waiting for stream, _ in listed),
        in_progress=sum(stream.in_progress for stream, _ in listed),
        oldest_ms=max(0.0, max(ages, default=0.0)),
        quiet_s=max(0.0, moment - max(came)) / 1000 if came else None,
    )


def _ms(identifier: bytes) -> int:
    return int(identifier.partition(b"-")[0])
