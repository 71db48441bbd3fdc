"""Each second's work: every step has its turn."""

import pytest
from django.db import transaction
from redis import Redis

from apps.core import outbox
from apps.core.models import OutboxEvent
from apps.deployments.models import ReconcilerWatch
from apps.inference.events import KeyChanged
from tests.deployments.makers import approve, make_deployment, make_revision, make_version
from tests.world import World
from workers import tick
from workers.serving.names import ROUTING


def test_a_step_that_fails_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def broken() -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tick, "fleet_watch", broken)
    monkeypatch.setattr(tick, "STEPS", (broken, lambda: done.append("next")))
    tick.tick()
    assert done == ["next"]


@pytest.mark.django_db
def test_a_tick_makes_a_pass_of_the_reconciler_and_tells_what_waits(valkey: Redis) -> None:
    with transaction.atomic():
        event = outbox.emit(KeyChanged(key_id=1))
    tick.tick()
    assert ReconcilerWatch.objects.exists()
    assert OutboxEvent.objects.get(pk=event.pk).done_at is not None


@pytest.mark.django_db
def test_it_is_due_each_second_where_something_runs_and_each_other_at_rest(world: World, valkey: Redis) -> None:
    revision = make_revision(world, make_deployment(world), make_version(world))
    assert tick.tick() == tick.REST
    approve(world, revision)
    assert tick.tick() == tick.PERIOD


def test_a_step_that_is_seldom_due_is_left_out_until_then() -> None:
    done: list[str] = []

    def step() -> None:
        done.append("step")

    seldom = tick.Seldom(step, seconds=3600)
    seldom()
    seldom()
    assert done == ["step"]


@pytest.mark.django_db
def test_a_lost_routing_is_published_again(valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick, "STEPS", [tick.routing_look])
    tick.tick()
    valkey.delete(ROUTING)
    tick.tick()
    assert valkey.exists(ROUTING)


@pytest.mark.django_db
def test_a_second_with_nothing_to_do_asks_the_database_little(valkey: Redis, django_assert_max_num_queries) -> None:
    tick.tick()
    with django_assert_max_num_queries(6):
        tick.tick()
