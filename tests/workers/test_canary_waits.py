"""A canary that nobody can judge waits for a person and says what lacks; no share moves meanwhile."""

import pytest
from django.db.models import F

from apps.deployments import services
from apps.deployments.models import Rollout
from apps.deployments.selectors import routing_deployments
from tests.workers.canaries import COUNT, PATIENCE_S, answered, passes
from tests.world import World

pytestmark = pytest.mark.django_db


def weights() -> list[tuple[int, int]]:
    return [(split["revision"], split["weight"]) for split in routing_deployments()["digits"]["splits"]]


def test_where_the_live_revision_is_idle(canary: Rollout) -> None:
    answered(2)
    assert passes(canary, PATIENCE_S - 1).paused_at is None
    held = passes(canary, PATIENCE_S + 1)
    assert "The live revision has answered 0" in held.pause_reason
    assert weights() == [(1, 80), (2, 20)]


def test_where_the_traffic_stops_before_there_is_enough(canary: Rollout) -> None:
    answered(1, count=COUNT // 2)
    answered(2, count=COUNT // 2)
    held = passes(canary, PATIENCE_S + 1)
    assert f"{COUNT // 2} of the {COUNT}" in held.pause_reason
    assert weights() == [(1, 80), (2, 20)]


def test_where_nobody_asks_at_all(canary: Rollout) -> None:
    assert "has answered 0" in passes(canary, PATIENCE_S + 1).pause_reason


def test_resumed_with_traffic_that_came_back_it_goes_on(world: World, canary: Rollout) -> None:
    assert passes(canary, PATIENCE_S + 1).paused_at is not None
    services.rollout_resume(actor=world.ada, rollout_id=canary.pk)
    canary.refresh_from_db()
    answered(1)
    answered(2)
    assert passes(canary, 61).state == "shifting"
    assert Rollout.objects.filter(pk=canary.pk, paused_at=None, shifted_at__gte=F("started_at")).exists()


@pytest.mark.parametrize("canary", ["ab"], indirect=True)
@pytest.mark.parametrize("asked", [(), (1,), (2,)], ids=["nobody asks", "the new one is idle", "the live one is idle"])
def test_an_a_b_split_that_nobody_can_judge_stays_and_says_what_lacks(canary: Rollout, asked: tuple[int, ...]) -> None:
    """It never moves by itself, so there is nothing to wait for."""
    for revision in asked:
        answered(revision)
    held = passes(canary, 100 * PATIENCE_S)
    assert (held.state, held.step, held.paused_at, weights()) == ("canary", 0, None, [(1, 80), (2, 20)])
    assert "of the 40 requests that a verdict needs" in held.comparison["reason"]


@pytest.mark.parametrize("canary", ["ab"], indirect=True)
def test_an_a_b_split_whose_traffic_stopped_can_be_decided_by_a_person(world: World, canary: Rollout) -> None:
    passes(canary, 100 * PATIENCE_S)
    services.rollout_promote(actor=world.ada, rollout_id=canary.pk, step=0)
    assert weights() == [(2, 100)]
