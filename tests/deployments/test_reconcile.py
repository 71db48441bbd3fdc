"""A pass of the reconciler: what should run is started, what should not is drained, what is gone is replaced."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections
from django.db.models.functions import Now

from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Deployment, Node, ReconcilerWatch, Replica, Revision
from apps.registry.models import ModelVersion
from apps.registry.services import version_mark_corrupt
from tests.deployments.makers import (
    GIB,
    Fleet,
    approve,
    make_deployment,
    make_revision,
    make_version,
    silent,
    states,
    watched,
)
from tests.world import World


@pytest.fixture
def revision(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Approved, of two replicas."""
    revision = make_revision(world, deployment, version, replicas=2)
    approve(world, revision)
    return revision


@pytest.fixture
def live(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Live in two ready replicas, with the reconciler watching for a minute."""
    revision = make_revision(world, deployment, version, replicas=2)
    fleet.go_live(world, deployment, revision)
    watched(60)
    return revision


def placed_events() -> int:
    return OutboxEvent.objects.filter(name="deployments.replica_placed").count()


def test_every_slot_gets_a_replica(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    assert list(Replica.objects.order_by("slot").values_list("slot", "state")) == [(0, "pending"), (1, "pending")]


def test_its_node_is_told_of_each(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    told = OutboxEvent.objects.filter(name="deployments.replica_placed")
    assert {(e.payload["replica_id"], e.payload["node"]) for e in told} == {
        (str(pk), "n1") for pk in Replica.objects.values_list("pk", flat=True)
    }


def test_each_is_written_down(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    assert AuditEntry.objects.filter(action="replica.placed", target="deployment:digits").count() == 2


def test_a_second_pass_has_nothing_to_do(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    fleet.reconcile()
    assert Replica.objects.count() == placed_events() == 2


def test_the_database_refuses_a_slot_that_is_held(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    first = Replica.objects.order_by("pk")[0]
    with pytest.raises(IntegrityError, match="replica_slot_held_once"):
        Replica.objects.create(stage=first.stage, slot=first.slot, node=first.node, device="cpu", reserved_bytes=0)


def test_without_a_node_it_says_what_is_missing(revision: Revision, fleet: Fleet) -> None:
    Node.objects.update(state="away")
    fleet.reconcile()
    revision.refresh_from_db()
    assert revision.state_reason == "No node is up: start an accelerator worker."


def test_the_complaint_goes_when_its_cause_has_gone(revision: Revision, fleet: Fleet) -> None:
    Node.objects.update(state="away")
    fleet.reconcile()
    Node.objects.update(state="up")
    fleet.reconcile()
    revision.refresh_from_db()
    assert revision.state_reason == ""


def test_a_silent_node_is_given_nothing(revision: Revision, fleet: Fleet) -> None:
    watched(60)
    Node.objects.update(last_seen=Now() - timedelta(seconds=7))
    fleet.reconcile()
    assert not Replica.objects.exists()


def test_a_node_that_fell_silent_is_away_until_it_is_heard_again(fleet: Fleet) -> None:
    watched(60)
    Node.objects.update(last_seen=Now() - timedelta(seconds=7))
    fleet.reconcile()
    assert Node.objects.get().state == "away"
    assert AuditEntry.objects.filter(action="node.lost", target="node:n1").count() == 1
    fleet.beat()
    assert Node.objects.get().state == "up"


def test_a_replica_that_no_worker_takes_is_placed_anew(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    Replica.objects.filter(slot=0).update(placed_at=Now() - timedelta(seconds=61))
    fleet.reconcile()
    assert sorted(states(revision)) == ["lost", "pending", "pending"]


def test_more_than_a_nodes_memory_is_not_placed(revision: Revision, fleet: Fleet) -> None:
    fleet.beat(memory_free=GIB)
    ModelVersion.objects.update(memory_bytes=700 * 1024**2)
    fleet.reconcile()
    revision.refresh_from_db()
    assert states(revision) == ["pending"]
    assert "A replica needs 700 MiB" in revision.state_reason


def test_a_message_that_was_lost_is_sent_again(revision: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    silent(5.5)
    fleet.reconcile()
    fleet.reconcile()
    assert (Replica.objects.count(), placed_events()) == (2, 4)


def test_a_pending_replica_leaves_a_node_that_went_away(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    fleet = Fleet("n1", "n2")
    revision = make_revision(world, deployment, version)
    approve(world, revision)
    fleet.reconcile()
    Node.objects.filter(name=Replica.objects.get().node.name).update(state="away")
    fleet.reconcile()
    lost, again = Replica.objects.order_by("pk")
    assert (lost.state, again.state) == ("lost", "pending")
    assert lost.node != again.node


def test_a_replica_that_failed_is_replaced_in_the_next_pass(live: Revision, fleet: Fleet) -> None:
    fleet.fail(Replica.objects.filter(state="ready")[0])
    fleet.reconcile()
    assert sorted(states(live)) == ["failed", "pending", "ready"]


def test_a_replica_that_keeps_failing_is_not_started_without_pause(live: Revision, fleet: Fleet) -> None:
    slot = Replica.objects.filter(state="ready")[0].slot
    for _ in range(2):
        fleet.fail(Replica.objects.exclude(state__in=["failed", "lost"]).get(slot=slot))
        fleet.reconcile()
    live.refresh_from_db()
    assert sorted(states(live)) == ["failed", "failed", "ready"]
    assert live.state_reason == "A replica failed 2 times lately. The last time: It fell over."


def test_a_replica_that_had_served_a_while_is_replaced_at_once_every_time(live: Revision, fleet: Fleet) -> None:
    for _ in range(4):
        replica = Replica.objects.get(slot=0, state="ready")
        Replica.objects.filter(pk=replica.pk).update(ready_at=Now() - timedelta(seconds=11))
        fleet.fail(replica)
        fleet.reconcile()
        fleet.start_all()
    assert states(live).count("ready") == 2


def test_a_live_revision_is_tried_again_after_every_pause(live: Revision, fleet: Fleet) -> None:
    for _ in range(6):
        fleet.fail(Replica.objects.exclude(state__in=["failed", "lost"]).filter(slot=0)[0])
        Replica.objects.filter(state="failed").update(ended_at=Now() - timedelta(seconds=31))
        fleet.reconcile()
    live.refresh_from_db()
    assert live.state == Revision.State.LIVE
    assert states(live).count("pending") == 1


def test_a_replica_nobody_hears_of_is_replaced(live: Revision, fleet: Fleet) -> None:
    gone = Replica.objects.order_by("pk")[0]
    silent(6.5, gone.pk)
    fleet.reconcile()
    assert sorted(states(live)) == ["lost", "pending", "ready"]
    assert AuditEntry.objects.filter(action="replica.lost", detail__replica=str(gone.pk)).exists()


def test_short_silence_is_nothing(live: Revision, fleet: Fleet) -> None:
    silent(4)
    fleet.reconcile()
    assert states(live) == ["ready", "ready"]


def test_after_an_outage_everybody_gets_time_to_speak(live: Revision, fleet: Fleet) -> None:
    silent(60)
    ReconcilerWatch.objects.update(last_pass_at=Now() - timedelta(seconds=60))
    fleet.reconcile()
    assert states(live) == ["ready", "ready"]


def test_who_stays_silent_after_an_outage_is_replaced_then(live: Revision, fleet: Fleet) -> None:
    silent(60)
    ReconcilerWatch.objects.update(last_pass_at=Now() - timedelta(seconds=60))
    fleet.reconcile()
    watched(7)
    fleet.reconcile()
    assert states(live)[:2] == ["lost", "lost"]


def test_one_deployment_that_cannot_go_on_does_not_hold_up_another(world: World, fleet: Fleet) -> None:
    broken, fine = make_deployment(world, "broken"), make_deployment(world, "fine")
    first, second = (make_revision(world, d, make_version(world, n)) for n, d in enumerate((broken, fine), 1))
    approve(world, first)
    approve(world, second)
    fleet.reconcile()
    fleet.start_all()
    other = make_revision(world, broken, first.version)
    approved = {"approved_by": world.ben, "approved_at": first.approved_at}
    Revision.objects.filter(pk=other.pk).update(state="live", **approved)  # so that `first` cannot become it as well
    fleet.reconcile()
    fine.refresh_from_db()
    assert fine.live_revision == second


def test_the_old_revision_stays_whole_while_traffic_moves(
    world: World, deployment: Deployment, live: Revision, fleet: Fleet
) -> None:
    newer = make_revision(world, deployment, make_version(world, 2))
    approve(world, newer)
    fleet.bring_up()
    fleet.fail(Replica.objects.filter(stage__revision=live, state="ready")[0])
    fleet.reconcile()
    assert sorted(states(live)) == ["failed", "pending", "ready"]


def test_a_corrupt_version_keeps_what_runs_and_starts_nothing(
    live: Revision, fleet: Fleet, version: ModelVersion
) -> None:
    version_mark_corrupt(version_id=version.pk, path="w", reason="w is not what it was")
    fleet.fail(Replica.objects.filter(state="ready")[0])
    fleet.reconcile()
    live.refresh_from_db()
    assert sorted(states(live)) == ["failed", "ready"]
    assert live.state_reason == "Version digits-av/1 is corrupt: w is not what it was"


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_place_nothing_twice() -> None:
    world, fleet = World.create(), Fleet("n1", "n2")
    revision = make_revision(world, make_deployment(world), make_version(world), replicas=8)
    approve(world, revision)

    def one_pass(_: int) -> None:
        try:
            fleet.reconcile()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one_pass, range(24)))
    assert sorted(Replica.objects.values_list("slot", flat=True)) == list(range(8))
    assert placed_events() == 8
