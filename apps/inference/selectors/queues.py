"""How many requests wait for replicas, as Valkey knows it."""

import json
from typing import Any

from django.conf import settings
from redis import Redis, RedisError

from apps.deployments.rules.streams import with_sisters

#: The published routing, and the consumer group of every stage stream; workers/serving/names.py names the same.
ROUTING, GROUP = "quartet:routing", b"replicas"


def requests_waiting() -> dict[tuple[str, str], int]:
    """(deployment, model version) -> requests of its routed revisions that no replica has taken yet, at any stage.

    What waits for a stage that two versions share counts for the first of them. Empty where Valkey does not say.
    """
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            return _waiting(client)
    except RedisError:
        return {}


def _waiting(client: Redis) -> dict[tuple[str, str], int]:
    raw: Any = client.get(ROUTING)
    owners: dict[str, tuple[str, str]] = {}
    found: dict[tuple[str, str], int] = {}
    for name, route in (json.loads(raw)["deployments"] if raw else {}).items():
        for split in route["splits"]:
            found[name, split["version"]] = 0
            for hop in split["path"]:
                owners.setdefault(hop["stream"], (name, split["version"]))
    streams = [stream for owned in owners for stream in with_sisters(owned)]
    for stream, waiting in zip(streams, _lengths(client, streams), strict=True):
        found[owners[stream.removesuffix(":high").removesuffix(":low")]] += waiting
    return found


def _lengths(client: Redis, streams: list[str]) -> list[int]:
    """Entries of each that were delivered to nobody; one that does not exist yet has none."""
    pipe = client.pipeline(transaction=False)
    for stream in streams:
        pipe.xlen(stream)
        pipe.xinfo_groups(stream)
    said = pipe.execute(raise_on_error=False)
    return [_undelivered(said[at], said[at + 1]) for at in range(0, len(said), 2)]


def _undelivered(length: Any, groups: Any) -> int:
    if isinstance(length, Exception) or isinstance(groups, Exception):
        return 0
    group = next((each for each in groups if each["name"] == GROUP), None)
    if group is None:
        return int(length)
    # The lag is unknown after entries in the middle were withdrawn.
    lag = group.get("lag")
    return max(0, length - group["pending"]) if lag is None else min(int(lag), int(length))
