"""A revision comes in by degrees: each step is earned, a fail sends all traffic back, doubt waits for a person."""

from datetime import timedelta

import pytest
from django.db import transaction

from apps.core.clock import now
from apps.core.errors import Forbidden
from apps.core.models import AuditEntry
from apps.deployments import services
from apps.deployments.errors import NotByDegrees, RolloutOver
from apps.deployments.models import Deployment, Replica, Revision, Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.canary import Compared
from apps.deployments.selectors import routing_deployments
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version, settle
from tests.world import World

PLAN = {"steps": [10, 50], "interval_s": 10, "patience_s": 60, "samples": 10}


@pytest.fixture
def old(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    revision = make_revision(world, deployment, version)
    fleet.go_live(world, deployment, revision)
    return revision


@pytest.fixture
def new(world: World, deployment: Deployment, old: Revision, fleet: Fleet) -> Revision:
    """At its first step."""
    revision = make_revision(world, deployment, make_version(world, 2), strategy="canary", canary=PLAN)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    return revision


def weights() -> list[tuple[int, int]]:
    return [(split["revision"], split["weight"]) for split in routing_deployments()["digits"]["splits"]]


def rollout_of(revision: Revision) -> Rollout:
    return Rollout.objects.get(to_revision=revision, is_rollback=False)


def age(revision: Revision, seconds: float) -> None:
    """As if the present step had begun so long before."""
    Rollout.objects.filter(to_revision=revision).update(stepped_at=now() - timedelta(seconds=seconds))


def compared(fleet: Fleet, revision: Revision, verdict: str, step: int | None = None) -> None:
    """A pass that sees how the revisions compare."""
    rollout = rollout_of(revision)
    found = Compared(rollout.step if step is None else step, verdict, {"reason": f"It was a {verdict}."})
    fleet.beat()
    fleet.reconcile(Evidence(comparisons={rollout.pk: found}))


def test_it_begins_with_the_first_share(new: Revision) -> None:
    assert (rollout_of(new).state, weights()) == ("canary", [(1, 90), (2, 10)])


def test_nothing_moves_before_the_interval_is_over(new: Revision, fleet: Fleet) -> None:
    compared(fleet, new, "pass")
    assert weights() == [(1, 90), (2, 10)]


def test_a_pass_takes_the_next_step(new: Revision, fleet: Fleet) -> None:
    age(new, 11)
    compared(fleet, new, "pass")
    assert (rollout_of(new).step, weights()) == (1, [(1, 50), (2, 50)])


@pytest.mark.parametrize("steps", [0, 1], ids=["a larger share", "all traffic"])
def test_an_earned_step_is_not_taken_while_its_replicas_are_dead(new: Revision, fleet: Fleet, steps: int) -> None:
    for _ in range(steps):
        age(new, 11)
        compared(fleet, new, "pass")
    fleet.fail(Replica.objects.get(stage__revision=new))
    age(new, 11)
    compared(fleet, new, "pass")
    assert (rollout_of(new).state, rollout_of(new).step) == ("canary", steps)
    Replica.objects.filter(stage__revision=new).update(ended_at=now() - timedelta(hours=1))  # another is tried later
    fleet.bring_up()
    assert (rollout_of(new).state, rollout_of(new).step) == (("canary", 1), ("shifting", 1))[steps]


def test_each_step_is_earned_anew(new: Revision, fleet: Fleet) -> None:
    age(new, 11)
    compared(fleet, new, "pass")
    age(new, 11)
    fleet.reconcile(Evidence())
    assert rollout_of(new).step == 1
    assert rollout_of(new).comparison == {}


def test_after_the_last_step_it_has_everything(deployment: Deployment, new: Revision, fleet: Fleet) -> None:
    for _ in PLAN["steps"]:
        age(new, 11)
        compared(fleet, new, "pass")
    assert weights() == [(2, 100)]
    fleet.finish(deployment)
    assert rollout_of(new).state == "done"


def test_a_fail_sends_all_traffic_back_at_once_with_its_reason(
    deployment: Deployment, old: Revision, new: Revision, fleet: Fleet
) -> None:
    compared(fleet, new, "fail")
    assert (rollout_of(new).state, weights()) == ("reverting", [(1, 100)])
    fleet.finish(deployment)
    new.refresh_from_db()
    old.refresh_from_db()
    assert (new.state, new.state_reason, old.state) == ("failed", "It was a fail.", "live")


def test_going_back_waits_as_long_as_the_live_revision_gave_its_requests(
    world: World, deployment: Deployment, old: Revision, fleet: Fleet
) -> None:
    hasty = make_revision(world, deployment, make_version(world, 2), strategy="canary", canary=PLAN, timeout_ms=100)
    approve(world, hasty)
    fleet.beat()
    fleet.bring_up()
    compared(fleet, hasty, "fail")
    seen = []
    for seconds in (20, 40):  # the live one gives 30
        fleet.beat()
        fleet.reconcile(fleet.moved(deployment, waiting=1))
        settle(deployment, seconds)
        fleet.reconcile(fleet.moved(deployment, waiting=1))
        seen.append(rollout_of(hasty).state)
    assert seen == ["reverting", "failed"]


def test_a_verdict_on_another_step_says_nothing_of_this_one(new: Revision, fleet: Fleet) -> None:
    age(new, 11)
    compared(fleet, new, "pass", step=1)
    assert rollout_of(new).step == 0


def test_what_stays_inconclusive_waits_for_a_person(new: Revision, fleet: Fleet) -> None:
    age(new, 61)
    compared(fleet, new, "inconclusive")
    rollout = rollout_of(new)
    assert rollout.paused_at is not None
    assert (rollout.pause_reason, weights()) == ("It was a inconclusive.", [(1, 90), (2, 10)])


def test_traffic_that_stops_waits_for_a_person_too(new: Revision, fleet: Fleet) -> None:
    age(new, 61)
    fleet.beat()
    fleet.reconcile(Evidence())
    assert "Nothing is known" in rollout_of(new).pause_reason


def test_a_controller_that_comes_anew_goes_on_at_the_same_step(new: Revision, fleet: Fleet) -> None:
    compared(fleet, new, "pass")
    age(new, 11)
    fleet.beat()
    fleet.reconcile(Evidence())  # it has not compared anything itself
    assert rollout_of(new).step == 1


def test_a_newer_approved_revision_sends_it_back(
    world: World, deployment: Deployment, new: Revision, fleet: Fleet
) -> None:
    approve(world, make_revision(world, deployment, make_version(world, 3)))
    fleet.beat()
    fleet.reconcile(Evidence())
    assert rollout_of(new).state == "reverting"
    assert "newer revision" in rollout_of(new).reason


def test_a_first_revision_has_nothing_to_be_compared_with(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version, strategy="canary")
    fleet.go_live(world, deployment, revision)
    assert rollout_of(revision).state == "done"


def test_the_candidate_grows_with_its_load(new: Revision, fleet: Fleet) -> None:
    from apps.deployments.selectors import carriers

    own = [each for each in carriers().values() if each.stage.revision_id == new.pk]
    assert [each.held for each in own] == [False]


def test_a_person_can_send_it_on(world: World, new: Revision) -> None:
    services.rollout_promote(actor=world.ada, rollout_id=rollout_of(new).pk)
    assert weights() == [(1, 50), (2, 50)]


def test_or_give_it_everything(world: World, new: Revision) -> None:
    services.rollout_promote(actor=world.ada, rollout_id=rollout_of(new).pk, everything=True)
    assert weights() == [(2, 100)]


def test_a_held_one_stays_although_it_passed(world: World, new: Revision, fleet: Fleet) -> None:
    services.rollout_pause(actor=world.ada, rollout_id=rollout_of(new).pk)
    age(new, 11)
    compared(fleet, new, "pass")
    assert (rollout_of(new).step, rollout_of(new).pause_reason) == (0, "Paused by ada.")


def test_a_held_one_still_goes_back_where_it_fails(world: World, new: Revision, fleet: Fleet) -> None:
    services.rollout_pause(actor=world.ada, rollout_id=rollout_of(new).pk)
    compared(fleet, new, "fail")
    assert weights() == [(1, 100)]


def test_a_resumed_one_begins_its_step_anew(world: World, new: Revision, fleet: Fleet) -> None:
    age(new, 61)
    compared(fleet, new, "inconclusive")
    services.rollout_resume(actor=world.ada, rollout_id=rollout_of(new).pk)
    compared(fleet, new, "inconclusive")
    assert rollout_of(new).paused_at is None


def test_aborting_sends_all_traffic_back_with_the_words_given(world: World, new: Revision) -> None:
    services.rollout_abort(actor=world.ada, rollout_id=rollout_of(new).pk, reason="it talks nonsense")
    assert weights() == [(1, 100)]
    assert rollout_of(new).reason == "Aborted by ada: it talks nonsense"


def test_a_rollout_that_has_only_begun_can_be_aborted(
    world: World, deployment: Deployment, old: Revision, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, make_version(world, 2))
    approve(world, revision)
    fleet.reconcile()
    services.rollout_abort(actor=world.ada, rollout_id=rollout_of(revision).pk)
    assert (rollout_of(revision).state, weights()) == ("failed", [(1, 100)])


def test_what_is_over_can_be_neither_aborted_nor_promoted(world: World, old: Revision) -> None:
    for act, refusal in ((services.rollout_abort, RolloutOver), (services.rollout_promote, NotByDegrees)):
        with transaction.atomic(), pytest.raises(refusal):
            act(actor=world.ada, rollout_id=rollout_of(old).pk)


@pytest.mark.parametrize("act", ["promote", "pause", "resume", "abort"])
def test_who_may_not_operate_may_not_touch_it(world: World, new: Revision, act: str) -> None:
    with pytest.raises(Forbidden):
        getattr(services, f"rollout_{act}")(actor=world.cy, rollout_id=rollout_of(new).pk)
    assert weights() == [(1, 90), (2, 10)]


def test_every_step_is_in_the_audit_trail_with_what_was_measured(new: Revision, fleet: Fleet) -> None:
    age(new, 11)
    compared(fleet, new, "pass")
    entries = AuditEntry.objects.filter(action="rollout.stepped").order_by("sequence")
    assert [(each.detail["share"], each.detail["measured"]) for each in entries] == [
        (10, "nothing measured yet"),
        (50, "It was a pass."),
    ]


def test_an_a_b_split_stays_until_somebody_decides(
    world: World, deployment: Deployment, old: Revision, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, make_version(world, 2), strategy="ab", canary={"steps": [30]})
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    age(revision, 10_000)
    for verdict in ("fail", "pass"):
        compared(fleet, revision, verdict)
    assert weights() == [(1, 70), (2, 30)]
    services.rollout_promote(actor=world.ada, rollout_id=rollout_of(revision).pk)
    assert weights() == [(2, 100)]
