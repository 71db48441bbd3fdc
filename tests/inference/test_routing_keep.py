"""Gateways always find the present routing in Valkey."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from redis import Redis

from apps.core.clock import now
from apps.inference.models import ApiKey, RoutingSnapshot
from apps.inference.services import key_create, key_revoke, routing_keep
from tests.world import World


def published(valkey: Redis) -> dict[str, object]:
    return json.loads(valkey.get("quartet:routing"))  # type: ignore[arg-type]


def test_a_new_key_is_published_by_its_hash_only(world: World, valkey: Redis) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["infer"])
    routing_keep()
    assert text not in valkey.get("quartet:routing").decode()  # type: ignore[union-attr]
    assert published(valkey)["keys"][0]["hash"] == key.hash  # type: ignore[index]


def test_a_revoked_key_is_published_as_revoked(world: World, valkey: Redis) -> None:
    key, _ = key_create(actor=world.ada, name="ci", scopes=["infer"])
    key_revoke(actor=world.ada, key_id=key.pk)
    routing_keep()
    assert published(valkey)["keys"][0]["revoked"] is True  # type: ignore[index]


def test_nothing_new_means_no_new_number(world: World, valkey: Redis) -> None:
    assert routing_keep() == routing_keep()
    assert RoutingSnapshot.objects.count() == 1


def test_a_valkey_that_lost_its_data_is_given_the_snapshot_again(world: World, valkey: Redis) -> None:
    number = routing_keep()
    valkey.delete("quartet:routing")
    routing_keep()
    assert published(valkey)["number"] == number


def test_a_database_that_was_restored_goes_on_above_what_gateways_have_seen(world: World, valkey: Redis) -> None:
    seen = routing_keep() + 6
    valkey.set("quartet:routing", json.dumps({**published(valkey), "number": seen}))
    assert routing_keep() == seen + 1
    assert routing_keep() == published(valkey)["number"] == seen + 1


def test_watchers_are_told_the_number(world: World, valkey: Redis) -> None:
    channel = valkey.pubsub(ignore_subscribe_messages=True)
    channel.subscribe("quartet:routing")
    channel.get_message(timeout=1)
    number = routing_keep()
    message = channel.get_message(timeout=5)
    assert message is not None
    assert int(message["data"]) == number


@pytest.mark.django_db(transaction=True)
def test_publishing_at_once_makes_one_snapshot(valkey: Redis) -> None:
    def keep(_: int) -> int:
        try:
            return routing_keep()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(keep, range(12)))) == 1
    assert RoutingSnapshot.objects.count() == 1


def test_a_key_closed_long_ago_is_published_no_more(world: World, valkey: Redis) -> None:
    revoked, _ = key_create(actor=world.ada, name="old", scopes=["infer"])
    key_create(actor=world.ada, name="older", scopes=["infer"], expires_at=now() - timedelta(days=31))
    lately, _ = key_create(actor=world.ada, name="ci", scopes=["infer"], expires_at=now() - timedelta(days=29))
    ApiKey.objects.filter(pk=revoked.pk).update(revoked_at=now() - timedelta(days=31))
    routing_keep()
    assert [key["id"] for key in published(valkey)["keys"]] == [lately.pk]  # type: ignore[attr-defined]
