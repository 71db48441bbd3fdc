"""What Valkey shows of the routing, its followers and the streams; and clearing away streams that nobody needs."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.streams import with_sisters
from apps.deployments.selectors import streams_in_use, streams_to_watch
from workers.published import PublishedRouting
from workers.serving import names
from workers.stream_loads import loads

log = structlog.get_logger(__name__)

_routing = PublishedRouting()


@cache
def client() -> Redis:
    """This process's connections to Valkey; a server that does not answer soon counts as away, with no second try:
    the next pass of the reconciler comes in a second and must not be late."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))


def evidence() -> Evidence | None:
    """What rollouts need to know, or None where Valkey is away."""
    watched = streams_to_watch()
    try:
        return observe(client(), watched)
    except RedisError as error:
        log.warning("Valkey is away; rollouts wait", reason=str(error))
        return None


def observe(valkey: Redis, streams: Iterable[str]) -> Evidence:
    """The published routing, the snapshot that each living gateway follows, and what is in `streams`, each counted
    together with its sisters of other priorities."""
    published = _routing.look(valkey)
    seen = loads(valkey, streams)
    return Evidence(
        snapshot=published.number,
        routes=published.routes,
        gateways=_gateways(valkey),
        waiting={stream: load.requests for stream, load in seen.items()},
        loads=seen,
    )


def _gateways(valkey: Redis) -> dict[str, int]:
    keys = list(valkey.scan_iter(names.gateway_key("*"), count=1000))
    said = valkey.mget(keys) if keys else []
    return {key.decode(): json.loads(word)["snapshot"] for key, word in zip(keys, said, strict=True) if word}


def mirror_counts(deployment: str, revision: int) -> dict[str, int]:
    """How many requests gateways mirrored to the revision since it came into the shadow, and how many they dropped; of
    a Valkey that is away nothing."""
    try:
        said: Any = client().hgetall(names.mirrors_key(deployment, revision))
    except RedisError:
        said = {}
    return {what: int(said.get(what.encode(), 0)) for what in ("sent", "dropped")}


def streams_sweep() -> int:
    """Delete the streams of revisions that are over; returns how many. What is in use is asked for after the listing,
    so a stream that appears in between is left alone."""
    found = [key.decode() for key in client().scan_iter(f"{names.PREFIX}stage:*", count=1000)]
    used = {sister for stream in streams_in_use() for sister in with_sisters(stream)}
    unused = sorted(set(found) - used)
    return int(client().delete(*unused)) if unused else 0
