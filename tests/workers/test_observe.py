"""What Valkey shows, read from a real one."""

import json

import pytest
from pytest_django.fixtures import Settings
from redis import Redis

from apps.deployments.models import Deployment
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.world import World
from workers import observe


@pytest.fixture
def version(world: World) -> ModelVersion:
    return make_version(world)


@pytest.fixture
def deployment(world: World) -> Deployment:
    return make_deployment(world)


def publish(valkey: Redis, number: int, **routes: int) -> None:
    deployments = {name: {"splits": [{"revision": revision}]} for name, revision in routes.items()}
    valkey.set("quartet:routing", json.dumps({"number": number, "deployments": deployments}))


def test_the_published_routing_is_seen(valkey: Redis) -> None:
    publish(valkey, 7, digits=2)
    seen = observe.observe(valkey, [])
    assert (seen.snapshot, seen.routes) == (7, {"digits": frozenset({2})})


def test_every_living_gateway_is_seen_with_what_it_follows(valkey: Redis) -> None:
    valkey.set("quartet:gateway:a", json.dumps({"snapshot": 7, "at": 1.0}))
    valkey.set("quartet:gateway:b", json.dumps({"snapshot": 6, "at": 1.0}))
    assert observe.observe(valkey, []).gateways == {"quartet:gateway:a": 7, "quartet:gateway:b": 6}


def test_what_waits_in_a_stream_is_counted(valkey: Redis) -> None:
    valkey.xadd("quartet:stage:digits:1:all", {"m": b"x"})
    seen = observe.observe(valkey, ["quartet:stage:digits:1:all", "quartet:stage:digits:2:all"])
    assert seen.waiting == {"quartet:stage:digits:1:all": 1, "quartet:stage:digits:2:all": 0}


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
    for name in ("digits:1:all", "digits:0:all", "gone:1:all"):
        valkey.xadd(f"quartet:stage:{name}", {"m": b"x"})
    assert observe.streams_sweep() == 2
    assert valkey.keys("quartet:stage:*") == [b"quartet:stage:digits:1:all"]
