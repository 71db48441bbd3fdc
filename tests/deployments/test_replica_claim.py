"""A replica is started once, however often its message comes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from apps.core.ids import new_id
from apps.deployments.models import Deployment, Replica
from apps.deployments.services import replica_claim
from apps.registry.models import Artifact, ModelVersion
from apps.registry.rules.roles import with_roles
from apps.registry.rules.stages import spelt
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.world import World


@pytest.fixture
def replica(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Replica:
    """Placed, waiting for its node."""
    Artifact.objects.create(version=version, path="w.safetensors", sha256="a" * 64, size=3)
    approve(world, make_revision(world, deployment, version, batch_max=8, timeout_ms=5000))
    fleet.reconcile()
    return Replica.objects.select_related("node").get()


def test_its_child_learns_all_it_needs(replica: Replica, version: ModelVersion, fleet: Fleet) -> None:
    spec = fleet.claim(replica)
    assert spec == {
        "replica": str(replica.pk),
        "deployment": "digits",
        "revision": 1,
        "stage": "all",
        "steps": ["preprocess", "infer", "postprocess"],
        "directory": str(version.directory),
        "files": [{"path": "w.safetensors", "sha256": "a" * 64, "size": 3}],
        "manifest": {
            **version.manifest,
            "stages": spelt(version.manifest["stages"]),
            "outputs": with_roles(version.manifest["outputs"]),
        },
        "stream": "quartet:stage:digits:1:all",
        "batch_max": 8,
        "batch_bytes": 64 * 1024**2,
        "timeout_ms": 5000,
        "device": "cpu",
        "threads": 3,
    }


def test_it_has_as_long_to_drain_as_the_live_revision_gives_requests(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, timeout_ms=9000))
    approve(world, make_revision(world, deployment, make_version(world, 2), timeout_ms=100))
    fleet.beat()
    fleet.reconcile()
    spec = fleet.claim(Replica.objects.select_related("node").get(stage__revision__number=2))
    assert spec
    assert spec["timeout_ms"] == 9000


def test_a_claimed_replica_is_starting_in_this_life_of_its_node(replica: Replica, fleet: Fleet) -> None:
    fleet.claim(replica)
    replica.refresh_from_db()
    assert (replica.state, replica.incarnation) == ("starting", fleet.lives["n1"])
    assert replica.heartbeat_at is not None


def test_the_second_claim_gets_nothing(replica: Replica, fleet: Fleet) -> None:
    fleet.claim(replica)
    assert fleet.claim(replica) is None


def test_a_worker_that_was_replaced_gets_nothing(replica: Replica, fleet: Fleet) -> None:
    before = fleet.lives["n1"]
    fleet.lives["n1"] = new_id()
    fleet.beat()
    assert replica_claim(replica_id=replica.pk, incarnation=before) is None


def test_a_new_worker_may_claim_before_its_first_heartbeat(replica: Replica, fleet: Fleet) -> None:
    fleet.lives["n1"] = new_id()
    assert fleet.claim(replica) is not None
    fleet.beat()
    replica.refresh_from_db()
    assert replica.state == "starting"


@pytest.mark.django_db(transaction=True)
def test_of_claims_at_once_one_wins() -> None:
    world, fleet = World.create(), Fleet()
    approve(world, make_revision(world, make_deployment(world), make_version(world)))
    fleet.reconcile()
    replica = Replica.objects.select_related("node").get()

    def claim(_: int) -> dict[str, Any] | None:
        try:
            return fleet.claim(replica)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(spec is not None for spec in pool.map(claim, range(8))) == 1
