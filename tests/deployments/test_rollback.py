"""The revision before is kept for a while, and can take the traffic back at once."""

from datetime import timedelta

import pytest

from apps.core.errors import Forbidden
from apps.core.models import AuditEntry
from apps.deployments.errors import NothingKept
from apps.deployments.models import Deployment, Replica, Revision, Rollout
from apps.deployments.selectors import routing_deployments
from apps.deployments.services import deployment_rollback
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version, states
from tests.world import World


@pytest.fixture
def first(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    revision = make_revision(world, deployment, version, replicas=2)
    fleet.go_live(world, deployment, revision)
    return revision


@pytest.fixture
def second(world: World, deployment: Deployment, first: Revision, fleet: Fleet) -> Revision:
    """Live, with the first one kept for a minute."""
    revision = make_revision(world, deployment, make_version(world, 2), keep_s=60)
    approve(world, revision)
    fleet.bring_up()
    fleet.follow(deployment)
    revision.refresh_from_db()
    return revision


def kept_for(seconds: float) -> None:
    """As if the old revision had been kept for so long."""
    for rollout in Rollout.objects.exclude(kept_at=None):
        rollout.kept_at -= timedelta(seconds=seconds)  # type: ignore[operator]
        rollout.save(update_fields=["kept_at"])


def test_the_old_revision_stays_ready_after_traffic_has_moved(first: Revision, second: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    assert (Rollout.objects.first().state, states(first)) == ("keeping", ["ready", "ready"])  # type: ignore[union-attr]


def test_it_goes_when_its_time_is_over(first: Revision, second: Revision, fleet: Fleet) -> None:
    kept_for(61)
    fleet.reconcile()
    fleet.stop_draining()
    fleet.reconcile()
    first.refresh_from_db()
    assert (states(first), first.state) == (["stopped", "stopped"], "retired")


def test_a_newer_approved_revision_ends_the_keeping(
    world: World, deployment: Deployment, first: Revision, second: Revision, fleet: Fleet
) -> None:
    third = make_revision(world, deployment, make_version(world, 3))
    approve(world, third)
    fleet.reconcile()
    fleet.stop_draining()
    fleet.reconcile()
    fleet.reconcile()
    third.refresh_from_db()
    assert (third.state, states(first)) == ("starting", ["stopped", "stopped"])


def test_going_back_moves_traffic_at_once_and_loads_nothing(
    world: World, deployment: Deployment, first: Revision, second: Revision
) -> None:
    before = Replica.objects.count()
    deployment_rollback(actor=world.ada, deployment=deployment)
    [split] = routing_deployments()["digits"]["splits"]
    assert (split["revision"], split["ready_replicas"], Replica.objects.count()) == (1, 2, before)


def test_the_revision_that_was_left_drains_once_nobody_sends_to_it(
    world: World, deployment: Deployment, first: Revision, second: Revision, fleet: Fleet
) -> None:
    deployment_rollback(actor=world.ada, deployment=deployment)
    fleet.reconcile(fleet.moved(deployment))
    assert states(second) == ["ready"]
    fleet.finish(deployment)
    fleet.reconcile(fleet.moved(deployment))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, states(second)) == ("live", "retired", ["stopped"])


def test_it_can_be_undone_while_traffic_is_still_moving(
    world: World, deployment: Deployment, first: Revision, fleet: Fleet
) -> None:
    approve(world, make_revision(world, deployment, make_version(world, 2)))
    fleet.bring_up()
    deployment_rollback(actor=world.ada, deployment=deployment)
    deployment.refresh_from_db()
    assert deployment.live_revision == first


def test_it_is_written_down_who_went_back(world: World, deployment: Deployment, second: Revision) -> None:
    deployment_rollback(actor=world.ada, deployment=deployment)
    entry = AuditEntry.objects.get(action="rollout.rolled_back")
    assert (entry.actor, entry.detail) == (world.ada, {"revision": 1, "left": 2})


def test_going_back_twice_is_refused(world: World, deployment: Deployment, second: Revision) -> None:
    deployment_rollback(actor=world.ada, deployment=deployment)
    with pytest.raises(NothingKept):
        deployment_rollback(actor=world.ada, deployment=deployment)


def test_where_nothing_is_kept_it_is_refused_in_words(world: World, deployment: Deployment, first: Revision) -> None:
    response = world.client(world.ada).post("/api/v1/deployments/digits/rollback")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "nothing_kept")
    assert "keeps no earlier revision" in response.json()["error"]["message"]


def test_who_may_not_operate_may_not_go_back(world: World, deployment: Deployment, second: Revision) -> None:
    with pytest.raises(Forbidden):
        deployment_rollback(actor=world.ben, deployment=deployment)
    assert world.client(world.ben).post("/api/v1/deployments/digits/rollback").status_code == 403


def test_over_rest_it_is_one_call(world: World, deployment: Deployment, second: Revision) -> None:
    client = world.client(world.ada)
    assert client.get("/api/v1/deployments/digits").json()["kept_revision"] == 1
    said = client.post("/api/v1/deployments/digits/rollback").json()
    assert (said["live_revision"], said["kept_revision"], said["rollout"]["is_rollback"]) == (1, None, True)


def test_a_next_revision_can_follow(world: World, deployment: Deployment, second: Revision, fleet: Fleet) -> None:
    deployment_rollback(actor=world.ada, deployment=deployment)
    fleet.finish(deployment)
    third = make_revision(world, deployment, make_version(world, 3))
    approve(world, third)
    fleet.finish(deployment)
    third.refresh_from_db()
    assert third.state == Revision.State.LIVE
