"""What is published of the routing, for the control worker, which looks each second."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from redis import Redis

from workers.serving import names


class _Split(msgspec.Struct):
    revision: int


class _Route(msgspec.Struct):
    splits: list[_Split]
    shadow: _Split | None = None

    @property
    def revisions(self) -> frozenset[int]:
        """Those that answer, and one that is asked in the shadow."""
        return frozenset(each.revision for each in (*self.splits, self.shadow) if each)


class _Snapshot(msgspec.Struct):
    """Of a snapshot what a rollout waits for; the keys and the models' inputs are passed over."""

    number: int
    deployments: dict[str, _Route] = {}


@dataclass(frozen=True, slots=True)
class Published:
    """The snapshot's number, and by deployment the revisions that it sends requests to; None and {} without one."""

    number: int | None = None
    routes: dict[str, frozenset[int]] = field(default_factory=dict)


class PublishedRouting:
    """Reads the snapshot when it is another than the last time, which its beginning tells."""

    def __init__(self) -> None:
        self._last = (b"", Published())

    def look(self, valkey: Redis) -> Published:
        """What Valkey holds. Raises RedisError."""
        beginning = valkey.getrange(names.ROUTING, 0, names.ROUTING_BEGINNING - 1)
        if beginning != self._last[0]:
            raw: Any = valkey.get(names.ROUTING) or b""
            self._last = (raw[: names.ROUTING_BEGINNING], _read(raw))
        return self._last[1]


def _read(raw: bytes) -> Published:
    if not raw:
        return Published()
    snapshot = msgspec.json.decode(raw, type=_Snapshot)
    routes = {name: route.revisions for name, route in snapshot.deployments.items()}
    return Published(snapshot.number, routes)
