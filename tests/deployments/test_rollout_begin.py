"""Two revisions at a time: the newest approved one wins, but nothing stops traffic half way."""

from apps.core.models import OutboxEvent
from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.rules.queue import Turn
from apps.deployments.services.rollouts import _supersede
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version, settle, states
from tests.world import World


def superseded() -> list[int]:
    events = OutboxEvent.objects.filter(name="deployments.revision_superseded").order_by("id")
    return [event.payload["revision_id"] for event in events]


def test_a_newer_approval_replaces_a_rollout_that_is_still_starting(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    first, second = (make_revision(world, deployment, version) for _ in range(2))
    approve(world, first)
    fleet.reconcile()
    approve(world, second)
    first.refresh_from_db()
    assert (first.state, first.state_reason) == ("superseded", "Revision 2 went ahead.")
    assert Rollout.objects.get(to_revision=first).state == Rollout.State.SUPERSEDED
    assert second.state == Revision.State.STARTING
    assert superseded() == [first.pk]


def test_replicas_of_a_superseded_revision_are_not_kept(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    first, second = (make_revision(world, deployment, version) for _ in range(2))
    approve(world, first)
    fleet.reconcile()
    fleet.start_all()
    approve(world, second)
    fleet.reconcile()
    assert states(first) == ["draining"]


def test_a_newer_approval_waits_while_traffic_moves(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    first, second = (make_revision(world, deployment, version) for _ in range(2))
    approve(world, first)
    fleet.bring_up()
    approve(world, second)
    assert second.state == Revision.State.APPROVED


def test_what_waited_begins_when_traffic_has_moved(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    first = make_revision(world, deployment, version)
    second = make_revision(world, deployment, make_version(world, 2))
    approve(world, first)
    fleet.bring_up()
    approve(world, second)
    fleet.reconcile(fleet.moved(deployment))
    settle(deployment)
    for _ in range(3):
        fleet.reconcile(fleet.moved(deployment))
    second.refresh_from_db()
    assert second.state == Revision.State.STARTING


def test_an_older_request_is_void_when_a_newer_one_goes_ahead(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    older, newer = (make_revision(world, deployment, version) for _ in range(2))
    approve(world, newer)
    older.refresh_from_db()
    assert older.state == Revision.State.SUPERSEDED
    assert superseded() == [older.pk]


def test_an_approval_that_comes_too_late_changes_nothing(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    older, newer = (make_revision(world, deployment, version) for _ in range(2))
    approve(world, newer)
    approve(world, older)
    assert older.state == Revision.State.SUPERSEDED
    assert Rollout.objects.get().to_revision == newer


def test_a_newer_request_still_waits_for_its_own_approval(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    older, newer = (make_revision(world, deployment, version) for _ in range(2))
    approve(world, older)
    newer.refresh_from_db()
    assert newer.state == Revision.State.REQUESTED


def test_one_rejected_while_another_began_keeps_its_own_reason(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    first = make_revision(world, deployment, version)
    Revision.objects.filter(pk=first.pk).update(state="rejected", state_reason="Too slow.")
    assert _supersede(deployment, Turn(begin=2, supersede=frozenset({1}))) == []
    first.refresh_from_db()
    assert (first.state, first.state_reason) == ("rejected", "Too slow.")
