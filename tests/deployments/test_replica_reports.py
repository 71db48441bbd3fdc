"""What a host says of its replica, in whatever order and however late it arrives."""

import pytest

from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments import services
from apps.deployments.models import Deployment, Replica, Revision
from apps.registry.models import ModelVersion
from tests.deployments.makers import GIB, Fleet, approve, make_revision
from tests.world import World


@pytest.fixture
def replica(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Replica:
    """The first of a rollout, claimed by its host."""
    approve(world, make_revision(world, deployment, version))
    fleet.reconcile()
    replica = Replica.objects.select_related("node").get()
    fleet.claim(replica)
    return replica


@pytest.fixture
def ready(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Replica:
    """Of a live revision, with no event waiting."""
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    OutboxEvent.objects.all().delete()
    return Replica.objects.get()


def state(replica: Replica) -> str:
    replica.refresh_from_db()
    return replica.state


def routing_events() -> int:
    return OutboxEvent.objects.filter(name="deployments.routing_changed").count()


def test_it_warms_and_then_it_is_ready(replica: Replica) -> None:
    services.replica_warming(replica_id=replica.pk, pid=4711)
    assert (state(replica), replica.pid) == ("warming", 4711)
    services.replica_ready(replica_id=replica.pk, memory_bytes=GIB)
    assert (state(replica), replica.memory_bytes) == ("ready", GIB)


def test_its_measured_memory_is_kept_for_placing_others(replica: Replica, version: ModelVersion) -> None:
    services.replica_ready(replica_id=replica.pk, memory_bytes=GIB)
    version.refresh_from_db()
    assert version.memory_bytes == GIB


def test_a_heartbeat_answers_with_what_the_database_holds(replica: Replica) -> None:
    assert services.replica_beat(replica_id=replica.pk) == "starting"
    Replica.objects.update(state="draining")
    assert services.replica_beat(replica_id=replica.pk) == "draining"


def test_a_heartbeat_of_one_that_was_given_up_does_not_revive_it(replica: Replica) -> None:
    Replica.objects.update(state="lost", heartbeat_at=None)
    assert services.replica_beat(replica_id=replica.pk) == "lost"
    replica.refresh_from_db()
    assert replica.heartbeat_at is None


@pytest.mark.parametrize("before", ["draining", "lost", "stopped", "failed"])
def test_word_of_readiness_that_comes_too_late_changes_nothing(replica: Replica, before: str) -> None:
    Replica.objects.update(state=before)
    services.replica_ready(replica_id=replica.pk, memory_bytes=GIB)
    assert state(replica) == before


def test_a_failure_is_kept_and_written_down(replica: Replica) -> None:
    services.replica_failed(replica_id=replica.pk, code="handler_failed", reason="no module named digits")
    assert (state(replica), replica.code, replica.reason) == ("failed", "handler_failed", "no module named digits")
    assert AuditEntry.objects.get(action="replica.failed").detail["reason"] == "no module named digits"


def test_a_failure_told_twice_is_written_down_once(replica: Replica) -> None:
    for _ in range(2):
        services.replica_failed(replica_id=replica.pk, code="x", reason="y")
    assert AuditEntry.objects.filter(action="replica.failed").count() == 1


def test_a_replica_that_found_a_changed_file_takes_its_version_out_of_use(
    replica: Replica, version: ModelVersion
) -> None:
    services.replica_failed(
        replica_id=replica.pk, code="artifact_corrupt", reason="w.safetensors is not what was registered", path="w"
    )
    version.refresh_from_db()
    assert (version.state, version.state_reason) == ("corrupt", "w.safetensors is not what was registered")
    entry = AuditEntry.objects.get(action="version.corrupt")
    assert entry.detail["reported_by"] == f"replica {replica.pk}"


def test_routing_is_told_when_a_live_replica_comes_or_goes(ready: Replica, fleet: Fleet) -> None:
    fleet.fail(ready)
    assert routing_events() == 1
    fleet.reconcile()
    fleet.start_all()
    assert routing_events() == 2


def test_routing_is_not_told_of_replicas_that_take_no_traffic(replica: Replica) -> None:
    services.replica_ready(replica_id=replica.pk, memory_bytes=GIB)
    assert routing_events() == 0


def test_a_replica_that_its_worker_stops_frees_its_slot(ready: Replica, fleet: Fleet) -> None:
    services.replica_draining(replica_id=ready.pk)
    fleet.reconcile()
    assert list(Replica.objects.order_by("pk").values_list("state", "slot")) == [("draining", 0), ("pending", 0)]


def test_a_replica_that_was_stopped_is_no_failure(ready: Replica) -> None:
    Replica.objects.update(state="draining")
    services.replica_stopped(replica_id=ready.pk)
    assert state(ready) == "stopped"
    assert Revision.objects.get().state == "live"
    assert not AuditEntry.objects.filter(action__in=["replica.failed", "replica.lost"]).exists()
