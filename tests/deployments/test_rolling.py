"""The strategy "rolling": replica by replica, with the traffic following, and back again when it fails."""

import pytest

from apps.deployments.models import Deployment, Replica, Revision, Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.selectors import routing_deployments
from apps.registry.models import ModelVersion
from tests.deployments.makers import GIB, Fleet, approve, make_revision, make_version, settle, states
from tests.world import World


@pytest.fixture
def old(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Live in four replicas."""
    revision = make_revision(world, deployment, version, replicas=4)
    fleet.go_live(world, deployment, revision)
    return revision


@pytest.fixture
def new(world: World, deployment: Deployment, old: Revision) -> Revision:
    """About to replace it, replica by replica."""
    revision = make_revision(world, deployment, make_version(world, 2), replicas=4, strategy="rolling")
    approve(world, revision)
    return revision


def weights() -> list[tuple[int, int]]:
    return [(split["revision"], split["weight"]) for split in routing_deployments()["digits"]["splits"]]


def one_more(fleet: Fleet, **facts: int) -> None:
    """A pass, and what it placed becomes ready; `facts` are of the node."""
    fleet.beat(**facts)
    fleet.bring_up()
    fleet.stop_draining()


def test_one_new_replica_is_started_at_a_time(new: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    fleet.reconcile()
    assert states(new) == ["pending"]


def test_traffic_follows_what_is_ready(new: Revision, fleet: Fleet) -> None:
    one_more(fleet)
    fleet.reconcile()
    assert weights() == [(1, 75), (2, 25)]


def test_there_is_never_more_than_one_above_the_count(old: Revision, new: Revision, fleet: Fleet) -> None:
    for _ in range(5):
        fleet.beat()
        fleet.reconcile()
        assert Replica.objects.filter(state__in=Replica.ACTIVE_STATES).exclude(state="draining").count() <= 5
        fleet.start_all()
        fleet.reconcile()
        fleet.stop_draining()
    assert states(new).count("ready") == 4


def test_a_node_without_room_for_two_sets_can_still_roll(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    for _ in range(6):
        one_more(fleet, slots=5)
    fleet.finish(deployment)
    new.refresh_from_db()
    assert (new.state, states(new).count("ready")) == ("live", 4)


def test_the_last_old_replica_stays_until_every_gateway_has_moved(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    for _ in range(5):
        one_more(fleet)
    assert (weights(), states(old).count("ready")) == ([(2, 100)], 1)
    fleet.finish(deployment)
    assert states(old).count("ready") == 0


def test_a_failure_on_the_way_sends_all_traffic_back(old: Revision, new: Revision, fleet: Fleet) -> None:
    one_more(fleet)
    _fail_three_times(new, fleet)
    fleet.reconcile()
    assert (Rollout.objects.get(to_revision=new).state, weights()) == ("reverting", [(1, 100)])


def test_then_the_new_replicas_answer_what_they_still_have(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    one_more(fleet)
    _fail_three_times(new, fleet)
    fleet.reconcile()
    fleet.start_all()
    assert "ready" in states(new)
    stream = "quartet:stage:digits:2:all"
    evidence = Evidence(1, {"digits": frozenset({1})}, {"g": 1}, {stream: 1})
    fleet.reconcile(evidence)
    settle(deployment)
    fleet.reconcile(evidence)
    assert "ready" in states(new)
    fleet.reconcile(Evidence(1, {"digits": frozenset({1})}, {"g": 1}, {stream: 0}))
    new.refresh_from_db()
    assert new.state == Revision.State.FAILED
    assert "Its replicas failed 3 times" in new.state_reason


def test_and_the_old_revision_is_whole_again(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    one_more(fleet)
    _fail_three_times(new, fleet)
    for _ in range(2):
        one_more(fleet)
    assert states(old).count("ready") == 4


def test_traffic_does_not_start_before_a_replica_is_ready(old: Revision, new: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    assert weights() == [(1, 100)]


def test_a_first_revision_has_nothing_to_roll_over(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version, replicas=3, strategy="rolling")
    approve(world, revision)
    fleet.reconcile()
    assert states(revision) == ["pending"] * 3


def test_memory_of_the_version_is_what_the_first_replica_took(new: Revision, fleet: Fleet) -> None:
    one_more(fleet)
    assert new.version.__class__.objects.get(pk=new.version_id).memory_bytes == GIB


def _fail_three_times(revision: Revision, fleet: Fleet) -> None:
    for _ in range(3):
        fleet.reconcile()
        replica = Replica.objects.filter(stage__revision=revision, state="pending").first()
        assert replica is not None
        fleet.fail(replica)
        Replica.objects.filter(state="failed").update(ended_at="2020-01-01T00:00:00Z")
