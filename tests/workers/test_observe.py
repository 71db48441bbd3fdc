"""What Valkey shows, read from a real one."""

import json

import pytest
from pytest_django.fixtures import Settings
from redis import Redis

from apps.deployments.models import Deployment
from apps.deployments.rules.scale import Load
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.world import World
from workers import observe
from workers.serving import names


@pytest.fixture
def version(world: World) -> ModelVersion:
    return make_version(world)


@pytest.fixture
def deployment(world: World) -> Deployment:
    return make_deployment(world)


STREAM = "quartet:stage:digits:1:all"


def publish(valkey: Redis, number: int, **routes: int) -> None:
    deployments = {name: {"splits": [{"revision": revision}]} for name, revision in routes.items()}
    valkey.set("quartet:routing", json.dumps({"number": number, "deployments": deployments}))


def test_the_published_routing_is_seen(valkey: Redis) -> None:
    publish(valkey, 7, digits=2)
    seen = observe.observe(valkey, [])
    assert (seen.snapshot, seen.routes) == (7, {"digits": frozenset({2})})


def test_the_next_snapshot_is_seen_and_that_there_is_none_any_more(valkey: Redis) -> None:
    publish(valkey, 7, digits=2)
    observe.observe(valkey, [])
    publish(valkey, 8, digits=3)
    assert observe.observe(valkey, []).routes == {"digits": frozenset({3})}
    valkey.delete("quartet:routing")
    assert observe.observe(valkey, []).snapshot is None


def test_a_snapshot_that_is_the_same_is_not_read_again(valkey: Redis) -> None:
    publish(valkey, 7, digits=2)
    observe.observe(valkey, [])
    valkey.config_resetstat()
    observe.observe(valkey, [])
    assert "cmdstat_get" not in valkey.info("commandstats")


def test_every_living_gateway_is_seen_with_what_it_follows(valkey: Redis) -> None:
    valkey.set("quartet:gateway:a", json.dumps({"snapshot": 7, "at": 1.0}))
    valkey.set("quartet:gateway:b", json.dumps({"snapshot": 6, "at": 1.0}))
    assert observe.observe(valkey, []).gateways == {"quartet:gateway:a": 7, "quartet:gateway:b": 6}


def test_what_waits_in_a_stream_is_counted(valkey: Redis) -> None:
    valkey.xadd("quartet:stage:digits:1:all", {"m": b"x"})
    seen = observe.observe(valkey, ["quartet:stage:digits:1:all", "quartet:stage:digits:2:all"])
    assert seen.waiting == {"quartet:stage:digits:1:all": 1, "quartet:stage:digits:2:all": 0}


def test_what_waits_with_another_priority_counts_as_well(valkey: Redis) -> None:
    for name in ("all", "all:high", "all:low"):
        valkey.xadd(f"quartet:stage:digits:1:{name}", {"m": b"x"})
    assert observe.observe(valkey, ["quartet:stage:digits:1:all"]).waiting == {"quartet:stage:digits:1:all": 3}


def load(valkey: Redis) -> Load:
    return observe.observe(valkey, [STREAM]).loads[STREAM]


def test_what_waits_and_what_is_in_progress_are_told_apart(valkey: Redis) -> None:
    valkey.xgroup_create(STREAM, names.GROUP, id="0", mkstream=True)
    entries = [valkey.xadd(STREAM, {"m": b"x"}) for _ in range(5)]
    valkey.xreadgroup(names.GROUP, "r1", {STREAM: ">"}, count=3)
    valkey.xack(STREAM, names.GROUP, entries[0])
    valkey.xdel(STREAM, entries[0])
    seen = load(valkey)
    assert (seen.waiting, seen.in_progress) == (2, 2)


def test_before_any_replica_has_joined_everything_waits(valkey: Redis) -> None:
    valkey.xadd(STREAM, {"m": b"x"})
    assert (load(valkey).waiting, load(valkey).in_progress) == (1, 0)


def test_the_oldest_that_waits_tells_how_long(valkey: Redis) -> None:
    """What is in progress does not: it has its replica."""
    valkey.xgroup_create(STREAM, names.GROUP, id="0", mkstream=True)
    moment = int(valkey.time()[0]) * 1000
    for before in (90_000, 60_000, 30_000):
        valkey.xadd(STREAM, {"m": b"x"}, id=f"{moment - before}-0")
    valkey.xreadgroup(names.GROUP, "r1", {STREAM: ">"}, count=1)
    seen = load(valkey)
    assert seen.waiting == 2
    assert 60_000 <= seen.oldest_ms < 90_000


def test_when_a_request_last_came_is_known_after_it_was_answered(valkey: Redis) -> None:
    moment = int(valkey.time()[0]) * 1000
    entry = valkey.xadd(STREAM, {"m": b"x"}, id=f"{moment - 50_000}-0")
    valkey.xdel(STREAM, entry)
    seen = load(valkey)
    assert (seen.requests, seen.oldest_ms) == (0, 0.0)
    assert seen.quiet_s is not None
    assert 50 <= seen.quiet_s < 80


def test_a_stream_that_nobody_used_tells_nothing(valkey: Redis) -> None:
    assert load(valkey) == Load()


def test_an_empty_valkey_shows_nothing(valkey: Redis) -> None:
    seen = observe.observe(valkey, [])
    assert (seen.snapshot, seen.routes, seen.gateways) == (None, {}, {})


def test_without_valkey_there_is_no_evidence(db: None, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    observe.client.cache_clear()
    try:
        assert observe.evidence() is None
    finally:
        observe.client.cache_clear()


def test_streams_of_revisions_that_are_over_are_swept_away(
    world: World, deployment: Deployment, version: ModelVersion, valkey: Redis
) -> None:
    Fleet().go_live(world, deployment, make_revision(world, deployment, version))
    for name in ("digits:1:all", "digits:1:all:high", "digits:0:all", "digits:0:all:low", "gone:1:all"):
        valkey.xadd(f"quartet:stage:{name}", {"m": b"x"})
    assert observe.streams_sweep() == 3
    assert sorted(valkey.keys("quartet:stage:*")) == [STREAM.encode(), f"{STREAM}:high".encode()]
