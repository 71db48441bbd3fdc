"""From approval to the end of the old revision, step by step, against the database."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Deployment, Replica, Revision, Rollout
from apps.deployments.rules.advance import LOSSES
from apps.deployments.services import version_corrupted
from apps.registry.models import ModelVersion
from apps.registry.services import version_mark_corrupt
from tests.deployments.makers import Fleet, approve, make_revision, make_version, settle, states
from tests.world import World


@pytest.fixture
def old(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Live in one replica."""
    revision = make_revision(world, deployment, version)
    fleet.go_live(world, deployment, revision)
    return revision


@pytest.fixture
def new(world: World, deployment: Deployment, old: Revision, fleet: Fleet) -> Revision:
    """Approved, of two replicas that are placed."""
    revision = make_revision(world, deployment, make_version(world, 2), replicas=2)
    approve(world, revision)
    fleet.reconcile()
    return revision


def rollout(revision: Revision) -> Rollout:
    return Rollout.objects.get(to_revision=revision)


def test_a_first_revision_goes_live_when_its_replicas_are_ready(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version, replicas=2)
    approve(world, revision)
    fleet.bring_up()
    deployment.refresh_from_db()
    assert deployment.live_revision == revision


def test_traffic_does_not_move_before_every_replica_is_ready(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    fleet.fail(Replica.objects.filter(stage__revision=new)[0])
    fleet.start_all()
    fleet.reconcile()
    deployment.refresh_from_db()
    assert deployment.live_revision == old


def test_when_traffic_moves_gateways_are_told(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    OutboxEvent.objects.all().delete()
    fleet.start_all()
    fleet.reconcile()
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state, rollout(new).state) == ("retiring", "live", "shifting")
    assert OutboxEvent.objects.filter(
        name="deployments.routing_changed", payload={"deployment_id": deployment.pk}
    ).exists()


def test_the_old_revision_serves_until_every_gateway_has_moved(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    fleet.start_all()
    fleet.reconcile()
    fleet.reconcile(None)
    fleet.reconcile(fleet.moved(deployment))
    fleet.reconcile(fleet.moved(deployment))
    assert states(old) == ["ready"]


def test_it_serves_while_requests_wait_in_its_streams(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    fleet.start_all()
    fleet.reconcile()
    fleet.reconcile(fleet.moved(deployment, waiting=1))
    settle(deployment)
    fleet.reconcile(fleet.moved(deployment, waiting=1))
    assert rollout(new).state == "shifting"


def test_a_gateway_that_falls_back_makes_it_wait_anew(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    fleet.start_all()
    fleet.reconcile()
    fleet.reconcile(fleet.moved(deployment))
    settle(deployment)
    fleet.reconcile(None)
    assert (rollout(new).moved_at, rollout(new).snapshot_number) == (None, None)


def test_then_its_replicas_drain_and_it_is_retired(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    fleet.start_all()
    fleet.reconcile()
    fleet.follow(deployment)
    assert states(old) == ["draining"]
    fleet.stop_draining()
    fleet.reconcile()
    old.refresh_from_db()
    assert (old.state, rollout(new).state) == ("retired", "done")


def test_the_way_is_written_down(deployment: Deployment, old: Revision) -> None:
    actions = (
        AuditEntry.objects.filter(target="deployment:digits").order_by("sequence").values_list("action", flat=True)
    )
    assert [a for a in actions if a.startswith("rollout.")] == [
        "rollout.started",
        "rollout.shifted",
        "rollout.draining",
        "rollout.done",
    ]


def test_three_failures_end_the_rollout_and_leave_the_old_one_alone(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    for _ in range(2):
        for replica in Replica.objects.filter(stage__revision=new, state="pending"):
            fleet.fail(replica, "no such file: weights")
        fleet.reconcile()
    new.refresh_from_db()
    deployment.refresh_from_db()
    assert (new.state, rollout(new).state) == ("failed", "failed")
    assert new.state_reason.endswith("The last time: no such file: weights")
    assert (deployment.live_revision, states(old)) == (old, ["ready"])


def test_after_a_failed_rollout_its_replicas_end(new: Revision, fleet: Fleet) -> None:
    fleet.claim(Replica.objects.filter(stage__revision=new).order_by("slot")[0])
    version_mark_corrupt(version_id=new.version_id, path="w", reason="w changed")
    fleet.reconcile()
    assert states(new) == ["draining", "stopped"]


def test_a_version_found_corrupt_ends_its_rollout_at_once(new: Revision, fleet: Fleet) -> None:
    version_mark_corrupt(version_id=new.version_id, path="w", reason="w changed")
    version_corrupted(event_id=new_id(), version_id=new.version_id, path="w")
    new.refresh_from_db()
    assert (new.state, new.state_reason) == ("failed", "Version digits-av/2 is corrupt: w changed")


def test_a_bad_revision_that_went_live_can_be_replaced(
    world: World, deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    fleet.start_all()
    fleet.reconcile()
    for replica in Replica.objects.filter(stage__revision=new):
        fleet.fail(replica)
    better = make_revision(world, deployment, make_version(world, 3))
    approve(world, better)
    fleet.follow(deployment)
    fleet.stop_draining()
    for _ in range(2):
        fleet.reconcile(fleet.moved(deployment))
    better.refresh_from_db()
    assert better.state == "starting"


def test_a_revision_that_takes_its_worker_down_again_and_again_is_given_up(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version)
    approve(world, revision)
    for _ in range(LOSSES):
        fleet.reconcile()
        fleet.claim(Replica.objects.get(state="pending"))
        fleet.lives["n1"] = new_id()
        fleet.beat()
        Replica.objects.filter(state="lost").update(ended_at=Now() - timedelta(minutes=1))  # the pauses have passed
    fleet.reconcile()
    revision.refresh_from_db()
    assert (revision.state, revision.state_reason[:25]) == ("failed", "A replica was lost 5 time")


def test_a_replica_lost_with_its_worker_is_not_started_without_pause(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version)
    approve(world, revision)
    for _ in range(2):
        fleet.reconcile()
        fleet.claim(Replica.objects.get(state="pending"))
        fleet.lives["n1"] = new_id()
        fleet.beat()
    fleet.reconcile()
    assert not Replica.objects.filter(state="pending").exists()
