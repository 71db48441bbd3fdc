"""A canary that nobody can judge waits for a person and says what lacks; no share moves meanwhile."""

import pytest
from django.db.models import F

from apps.deployments import services
from apps.deployments.models import Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.selectors import routing_deployments
from tests.deployments.makers import Fleet
from tests.deployments.test_canary import age
from tests.workers.canaries import COUNT, answered
from tests.world import World
from workers import compare

pytestmark = pytest.mark.django_db
PATIENCE_S = 900


def passes(rollout: Rollout, seconds: float) -> Rollout:
    """A pass of the reconciler so many seconds after the step began, with what the predictions say of it."""
    compare._due.clear()
    found = compare.comparisons()
    began = rollout.stepped_at
    age(rollout.to_revision, seconds)
    Fleet().reconcile(Evidence(comparisons=found))
    rollout.refresh_from_db()
    if rollout.state == "canary" and rollout.step == 0:
        Rollout.objects.filter(pk=rollout.pk).update(stepped_at=began)
    return rollout


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
