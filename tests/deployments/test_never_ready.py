"""Replicas that never get ready: no traffic moves, however long it takes, and what gives up says why."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from apps.deployments import services
from apps.deployments.models import Deployment, Node, Replica, Revision, Rollout
from apps.deployments.selectors import routing_deployments
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version, settle, states
from tests.world import World

pytestmark = pytest.mark.django_db
STRATEGIES = ["blue_green", "rolling", "canary", "ab", "shadow"]
PASSES = 12


@pytest.fixture
def old(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Live, with both replicas."""
    revision = make_revision(world, deployment, version, replicas=2)
    fleet.go_live(world, deployment, revision)
    return revision


@pytest.fixture(params=STRATEGIES)
def new(request: pytest.FixtureRequest, world: World, deployment: Deployment, old: Revision, fleet: Fleet) -> Revision:
    """Approved, and begun."""
    version = make_version(world, 2)
    revision = make_revision(world, deployment, version, strategy=request.param, replicas=2)
    approve(world, revision)
    fleet.beat()
    fleet.reconcile()
    return revision


def warm(fleet: Fleet) -> list[Replica]:
    """Hosts take what is pending, and it loads and loads."""
    pending = list(Replica.objects.filter(state="pending").select_related("node"))
    for replica in pending:
        fleet.claim(replica)
        services.replica_warming(replica_id=replica.pk, pid=1)
    return pending


def pass_by(fleet: Fleet, deployment: Deployment) -> None:
    """A moment in which every host beats and the control worker looks."""
    fleet.beat()
    fleet.reconcile(fleet.moved(deployment))
    settle(deployment, 60)


def all_traffic_is_the_old_ones() -> None:
    """And nothing of it is mirrored."""
    route = routing_deployments()["digits"]
    assert [split["revision"] for split in route["splits"] if split["weight"]] == [1]
    assert route["shadow"] is None


def test_while_they_load_nothing_moves_and_nothing_is_started_beside_them(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    warm(fleet)
    begun = Replica.objects.count()
    for _ in range(PASSES):
        pass_by(fleet, deployment)
        all_traffic_is_the_old_ones()
    rollout = Rollout.objects.get(to_revision=new)
    assert rollout.state in Rollout.COMING_STATES and rollout.shifted_at is None
    assert Replica.objects.count() == begun
    assert states(old) == ["ready", "ready"]


def test_given_up_by_their_host_again_and_again_they_end_it_with_the_hosts_words(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    said = "It was not ready after 300 s."
    for _ in range(PASSES):
        for replica in warm(fleet):
            services.replica_failed(replica_id=replica.pk, code="start_timeout", reason=said)
        Replica.objects.filter(state="failed").update(ended_at=Now() - timedelta(minutes=10))  # the pauses have passed
        pass_by(fleet, deployment)
        all_traffic_is_the_old_ones()
    new.refresh_from_db()
    deployment.refresh_from_db()
    assert (new.state, Rollout.objects.get(to_revision=new).state) == ("failed", "failed")
    assert new.state_reason.endswith(f"The last time: {said}")
    assert (deployment.live_revision, states(old)) == (old, ["ready", "ready"])


def test_where_no_node_takes_them_it_waits_and_says_what_lacks(
    world: World, deployment: Deployment, old: Revision, fleet: Fleet
) -> None:
    Node.objects.update(memory_free=1)
    new = make_revision(world, deployment, make_version(world, 2, size_bytes=10**13))
    approve(world, new)
    for _ in range(PASSES):
        fleet.reconcile(fleet.moved(deployment))
        all_traffic_is_the_old_ones()
    new.refresh_from_db()
    assert new.state == "starting"
    assert "memory" in new.state_reason
