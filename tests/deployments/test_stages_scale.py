"""Replica counts follow the load, survive whoever decides, and make room for each other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments.errors import WillNotFit
from apps.deployments.models import Deployment, Node, Replica, Revision, StageScale
from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.scale import Load
from apps.deployments.services.scaling import _state, _write
from apps.registry.models import ModelVersion
from tests.deployments.makers import GIB, Fleet, approve, make_deployment, make_revision, make_version, states
from tests.world import World

PRESSED = Load(waiting=5, in_progress=4, oldest_ms=900)
NOTHING = Load(quiet_s=1000.0)


@pytest.fixture
def live(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Live, with none to four replicas."""
    revision = make_revision(world, deployment, version, min_replicas=0, max_replicas=4)
    fleet.go_live(world, deployment, revision)
    return revision


def earlier(seconds: float) -> None:
    """As if all that is known of stages had been noted so much earlier."""
    for row in StageScale.objects.all():
        for name in ("pressed_since", "slack_since", "last_used_at", "changed_at"):
            if moment := getattr(row, name):
                setattr(row, name, moment - timedelta(seconds=seconds))
        row.save()


def desired() -> int:
    return StageScale.objects.get(stage__revision__deployment__name="digits").desired


def test_a_revision_that_may_have_none_begins_with_one(live: Revision) -> None:
    assert (live.state, states(live), desired()) == ("live", ["ready"], 1)


def test_pressure_that_lasts_brings_another_replica(live: Revision, fleet: Fleet) -> None:
    fleet.asked(all=PRESSED)
    earlier(2.5)
    fleet.asked(all=PRESSED)
    assert (desired(), sorted(states(live))) == (2, ["pending", "ready"])


def test_one_that_nobody_asks_ends_with_none(live: Revision, fleet: Fleet) -> None:
    earlier(301)
    fleet.asked(all=NOTHING)
    fleet.reconcile()
    assert (desired(), states(live)) == (0, ["draining"])


def test_a_waiting_request_wakes_it_within_one_pass(live: Revision, fleet: Fleet) -> None:
    earlier(301)
    fleet.asked(all=NOTHING)
    fleet.stop_draining()
    fleet.asked(all=Load(waiting=1))
    assert sorted(states(live)) == ["pending", "stopped"]


def test_each_change_is_written_down_once_with_its_reason(live: Revision, fleet: Fleet) -> None:
    earlier(301)
    for _ in range(3):
        fleet.asked(all=NOTHING)
    entry = AuditEntry.objects.get(action="stage.scaled")
    assert entry.target == "deployment:digits"
    assert entry.detail == {
        "revision": 1,
        "stage": "all",
        "was": 1,
        "replicas": 0,
        "reason": "No request came for 300 s.",
    }


def test_a_delay_that_had_begun_goes_on_after_the_worker_was_killed(live: Revision, fleet: Fleet) -> None:
    fleet.asked(all=PRESSED)
    assert StageScale.objects.get().pressed_since is not None


def test_without_valkey_nothing_is_scaled(live: Revision, fleet: Fleet) -> None:
    earlier(1000)
    fleet.reconcile(None)
    assert desired() == 1


def test_a_revision_that_is_starting_is_not_scaled_away(
    world: World, deployment: Deployment, live: Revision, fleet: Fleet
) -> None:
    newer = make_revision(world, deployment, make_version(world, 2), min_replicas=0)
    approve(world, newer)
    earlier(1000)
    fleet.reconcile(Evidence(loads={"quartet:stage:digits:2:all": NOTHING}))
    assert states(newer) == ["pending"]


def test_a_revision_takes_over_with_as_many_as_the_old_one_had(
    world: World, deployment: Deployment, live: Revision, fleet: Fleet
) -> None:
    StageScale.objects.update(desired=3)
    newer = make_revision(world, deployment, make_version(world, 2), min_replicas=1, max_replicas=8)
    approve(world, newer)
    fleet.reconcile()
    assert states(newer) == ["pending"] * 3


@pytest.fixture
def other(world: World, live: Revision, fleet: Fleet) -> Revision:
    """Of another deployment, approved, on a node that `live` has filled."""
    fleet.beat(memory_free=200 * 1024**2)
    revision = make_revision(world, make_deployment(world, "words"), make_version(world, 1, name="words"))
    approve(world, revision)
    return revision


def test_an_idle_replica_makes_room_for_one_that_lacks_it(live: Revision, other: Revision, fleet: Fleet) -> None:
    earlier(31)
    fleet.reconcile()
    fleet.reconcile()
    assert (desired(), states(live)) == (0, ["draining"])
    assert "it made room for another stage" in AuditEntry.objects.get(action="stage.scaled").detail["reason"]


def test_one_that_was_used_a_moment_ago_does_not(live: Revision, other: Revision, fleet: Fleet) -> None:
    fleet.reconcile()
    fleet.reconcile()
    assert (desired(), states(live)) == (1, ["ready"])


def test_no_more_make_room_while_the_first_is_on_its_way(
    world: World, live: Revision, other: Revision, fleet: Fleet
) -> None:
    earlier(31)
    for _ in range(4):
        fleet.reconcile()
    assert AuditEntry.objects.filter(action="stage.scaled").count() == 1


def test_one_below_its_least_does_not_make_room(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    kept = make_revision(world, deployment, version, min_replicas=1, max_replicas=2)
    fleet.go_live(world, deployment, kept)
    fleet.beat(memory_free=0)
    approve(world, make_revision(world, make_deployment(world, "words"), make_version(world, 1, name="words")))
    earlier(1000)
    fleet.reconcile()
    fleet.reconcile()
    assert states(kept) == ["ready"]


def test_a_version_that_was_measured_larger_than_every_node_is_refused(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    ModelVersion.objects.update(memory_bytes=17 * GIB)
    version.refresh_from_db()
    with pytest.raises(WillNotFit, match=r"takes 17408 MiB as measured, and the largest node, n1, has 16384 MiB"):
        make_revision(world, deployment, version)
    assert not Revision.objects.exists()


def test_over_rest_it_is_a_422(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> None:
    ModelVersion.objects.update(memory_bytes=17 * GIB)
    asked = {"model": "digits-av", "version": 1}
    response = world.client(world.ada).post("/api/v1/deployments/digits/revisions", asked)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "will_not_fit")


def test_one_that_was_never_measured_is_let_through(world: World, deployment: Deployment, fleet: Fleet) -> None:
    version = make_version(world, size_bytes=100 * GIB)
    assert make_revision(world, deployment, version).state == Revision.State.REQUESTED


def test_a_fleet_of_which_nothing_is_known_refuses_nothing(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    assert not Node.objects.exists()
    assert not Replica.objects.exists()
    ModelVersion.objects.update(memory_bytes=17 * GIB)
    version.refresh_from_db()
    assert make_revision(world, deployment, version).state == Revision.State.REQUESTED


def test_a_pass_that_leaves_a_count_does_not_undo_when_a_neighbour_changed_it(live: Revision, fleet: Fleet) -> None:
    stale = StageScale.objects.get()
    StageScale.objects.update(changed_at=stale.changed_at - timedelta(hours=1))
    _write(stale, replace(_state(stale), reason="Looked at."), now())
    seen = StageScale.objects.get()
    assert (seen.reason, seen.changed_at) == ("Looked at.", stale.changed_at - timedelta(hours=1))
