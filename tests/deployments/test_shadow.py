"""A revision is asked in the shadow: the live one answers all; a pass waits or goes on, a fail ends it, doubt waits."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments import services
from apps.deployments.errors import NotByDegrees
from apps.deployments.models import Deployment, Replica, Revision, Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.canary import Compared
from apps.deployments.selectors import routing_deployments
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version, states
from tests.world import World

PLAN: dict[str, Any] = {"share": 40, "interval_s": 10, "patience_s": 60, "samples": 10}


@pytest.fixture
def old(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    revision = make_revision(world, deployment, version)
    fleet.go_live(world, deployment, revision)
    return revision


def shadowed(world: World, deployment: Deployment, fleet: Fleet, **plan: Any) -> Revision:
    revision = make_revision(world, deployment, make_version(world, 2), strategy="shadow", shadow=PLAN | plan)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    return revision


@pytest.fixture
def new(world: World, deployment: Deployment, old: Revision, fleet: Fleet) -> Revision:
    """In the shadow; a pass waits for a person."""
    return shadowed(world, deployment, fleet)


@pytest.fixture
def eager(world: World, deployment: Deployment, old: Revision, fleet: Fleet) -> Revision:
    """In the shadow; a pass goes on by itself."""
    return shadowed(world, deployment, fleet, then="blue_green")


def routed() -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
    """Revisions with their shares of the traffic, and the one in the shadow with its share of mirrors."""
    route = routing_deployments()["digits"]
    shadow = route["shadow"]
    splits = [(split["revision"], split["weight"]) for split in route["splits"]]
    return splits, (shadow["revision"], shadow["share"]) if shadow else None


def rollout_of(revision: Revision) -> Rollout:
    return Rollout.objects.get(to_revision=revision, is_rollback=False)


def age(revision: Revision, seconds: float) -> None:
    """As if it had been in the shadow for so long."""
    Rollout.objects.filter(to_revision=revision).update(stepped_at=now() - timedelta(seconds=seconds))


def compared(fleet: Fleet, revision: Revision, verdict: str) -> None:
    """A pass of the reconciler that sees how the answers compare."""
    found = Compared(0, verdict, {"reason": f"It was a {verdict}."})
    fleet.beat()
    fleet.reconcile(Evidence(comparisons={rollout_of(revision).pk: found}))


def test_the_live_one_answers_everything_and_a_share_is_mirrored(new: Revision) -> None:
    assert rollout_of(new).state == "shadow"
    assert routed() == ([(1, 100)], (2, 40))


def test_nothing_is_mirrored_before_its_replicas_are_ready(
    world: World, deployment: Deployment, old: Revision, fleet: Fleet
) -> None:
    approve(world, make_revision(world, deployment, make_version(world, 2), strategy="shadow"))
    fleet.reconcile()
    assert routed() == ([(1, 100)], None)


def test_a_mirror_goes_the_way_of_the_candidates_own_replicas(new: Revision) -> None:
    route = routing_deployments()["digits"]
    [live], [shadow] = route["splits"][0]["path"], route["shadow"]["path"]
    assert live["stream"] != shadow["stream"]


def test_a_pass_waits_for_a_person_with_what_was_measured(new: Revision, fleet: Fleet) -> None:
    age(new, 11)
    compared(fleet, new, "pass")
    rollout = rollout_of(new)
    assert (rollout.state, rollout.pause_reason) == ("shadow", "It passed. It was a pass.")
    assert routed() == ([(1, 100)], (2, 40))


def test_or_takes_all_traffic_where_the_plan_says_so(eager: Revision, deployment: Deployment, fleet: Fleet) -> None:
    age(eager, 11)
    compared(fleet, eager, "pass")
    assert routed() == ([(2, 100)], None)
    fleet.finish(deployment)
    assert rollout_of(eager).state == "done"


def test_or_goes_on_to_the_steps_of_a_canary(world: World, deployment: Deployment, old: Revision, fleet: Fleet) -> None:
    plans = {"shadow": PLAN | {"then": "canary"}, "canary": {"steps": [5, 50], "interval_s": 10, "samples": 10}}
    revision = make_revision(world, deployment, make_version(world, 2), strategy="shadow", **plans)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    assert routed() == ([(1, 100)], (2, 40))
    age(revision, 11)
    compared(fleet, revision, "pass")
    assert (rollout_of(revision).state, rollout_of(revision).comparison) == ("canary", {})
    assert routed() == ([(1, 95), (2, 5)], None)


def test_what_was_mirrored_says_nothing_of_a_step(
    world: World, deployment: Deployment, old: Revision, fleet: Fleet
) -> None:
    plans = {"shadow": PLAN | {"then": "canary"}, "canary": {"steps": [5, 50]}}
    revision = make_revision(world, deployment, make_version(world, 2), strategy="shadow", **plans)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    services.rollout_promote(actor=world.ada, rollout_id=rollout_of(revision).pk)
    compared(fleet, revision, "fail")
    assert (rollout_of(revision).state, rollout_of(revision).comparison) == ("canary", {})


def test_no_pass_counts_before_the_interval_is_over(eager: Revision, fleet: Fleet) -> None:
    compared(fleet, eager, "pass")
    assert rollout_of(eager).state == "shadow"


@pytest.mark.parametrize("held", [False, True])
def test_a_fail_ends_it_and_its_replicas_go(
    world: World, deployment: Deployment, old: Revision, new: Revision, fleet: Fleet, held: bool
) -> None:
    if held:
        services.rollout_pause(actor=world.ada, rollout_id=rollout_of(new).pk)
    compared(fleet, new, "fail")
    assert routed() == ([(1, 100)], None)
    fleet.finish(deployment)
    for revision in (old, new):
        revision.refresh_from_db()
    assert (new.state, new.state_reason, old.state) == ("failed", "It was a fail.", "live")
    assert (states(new), states(old)) == (["stopped"], ["ready"])


def test_its_replicas_stay_until_no_gateway_mirrors_to_them(
    deployment: Deployment, new: Revision, fleet: Fleet
) -> None:
    compared(fleet, new, "fail")
    both = Evidence(snapshot=9, routes={"digits": frozenset({1, 2})}, gateways={"g": 9})
    for _ in range(3):
        fleet.beat()
        fleet.reconcile(both)
    assert (rollout_of(new).state, states(new)) == ("reverting", ["ready"])


def test_what_stays_inconclusive_waits_for_a_person(eager: Revision, fleet: Fleet) -> None:
    age(eager, 61)
    compared(fleet, eager, "inconclusive")
    assert rollout_of(eager).pause_reason == "It was a inconclusive."


def test_a_deployment_that_nobody_asks_waits_for_a_person_too(eager: Revision, fleet: Fleet) -> None:
    age(eager, 61)
    fleet.beat()
    fleet.reconcile(Evidence())
    assert "Nothing is known" in rollout_of(eager).pause_reason


def test_a_controller_that_comes_anew_goes_on_with_what_the_last_one_measured(eager: Revision, fleet: Fleet) -> None:
    compared(fleet, eager, "pass")
    age(eager, 11)
    fleet.beat()
    fleet.reconcile(Evidence())  # it has not compared anything itself
    assert routed() == ([(2, 100)], None)


def test_a_candidate_that_keeps_dying_ends_the_rollout(deployment: Deployment, new: Revision, fleet: Fleet) -> None:
    for _ in range(3):
        fleet.fail(Replica.objects.get(stage__revision=new, state="ready"))
        Replica.objects.filter(state="failed").update(ended_at=now() - timedelta(seconds=40))  # no pause is left
        fleet.beat()
        fleet.reconcile(Evidence())
        fleet.start_all()
    assert routed() == ([(1, 100)], None)


def test_a_newer_approved_revision_ends_it(world: World, deployment: Deployment, new: Revision, fleet: Fleet) -> None:
    approve(world, make_revision(world, deployment, make_version(world, 3)))
    fleet.beat()
    fleet.reconcile(Evidence())
    assert rollout_of(new).state == "reverting"
    assert "newer revision" in rollout_of(new).reason


def test_a_first_revision_has_nothing_to_stand_in_the_shadow_of(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version, strategy="shadow")
    fleet.go_live(world, deployment, revision)
    assert rollout_of(revision).state == "done"


def test_a_person_can_give_it_all_traffic(world: World, new: Revision) -> None:
    services.rollout_promote(actor=world.ada, rollout_id=rollout_of(new).pk)
    assert routed() == ([(2, 100)], None)


def test_a_held_one_stays_although_it_passed(world: World, eager: Revision, fleet: Fleet) -> None:
    services.rollout_pause(actor=world.ada, rollout_id=rollout_of(eager).pk)
    age(eager, 11)
    compared(fleet, eager, "pass")
    assert (rollout_of(eager).state, rollout_of(eager).pause_reason) == ("shadow", "Paused by ada.")


def test_a_resumed_one_is_measured_anew(world: World, new: Revision, fleet: Fleet) -> None:
    age(new, 61)
    compared(fleet, new, "inconclusive")
    services.rollout_resume(actor=world.ada, rollout_id=rollout_of(new).pk)
    rollout = rollout_of(new)
    assert (rollout.state, rollout.paused_at, rollout.comparison) == ("shadow", None, {})


def test_an_aborted_one_ends_with_the_words_given(world: World, new: Revision) -> None:
    services.rollout_abort(actor=world.ada, rollout_id=rollout_of(new).pk, reason="it talks nonsense")
    assert (rollout_of(new).state, rollout_of(new).reason) == ("reverting", "Aborted by ada: it talks nonsense")
    assert routed() == ([(1, 100)], None)


def test_what_is_over_cannot_be_promoted(world: World, deployment: Deployment, new: Revision, fleet: Fleet) -> None:
    compared(fleet, new, "fail")
    with transaction.atomic(), pytest.raises(NotByDegrees):
        services.rollout_promote(actor=world.ada, rollout_id=rollout_of(new).pk)


def test_the_shadow_and_its_end_are_in_the_audit_trail(new: Revision, fleet: Fleet) -> None:
    compared(fleet, new, "fail")
    entries = AuditEntry.objects.filter(action__startswith="rollout.", detail__revision=2).order_by("sequence")
    told = [(each.action, each.detail.get("share"), each.detail.get("reason")) for each in entries]
    assert told == [
        ("rollout.started", None, None),
        ("rollout.mirrored", 40, None),
        ("rollout.reverting", None, "It was a fail."),
    ]


def test_the_candidate_does_not_grow_while_nobody_is_given_its_answers(new: Revision) -> None:
    from apps.deployments.selectors import carriers

    own = [each for each in carriers().values() if each.stage.revision_id == new.pk]
    assert [each.held for each in own] == [True]
