"""What a retrained candidate is let in by: that it answers otherwise than a live version out of its depth is no fault,
and that it is wrong more often is one."""

from dataclasses import fields
from typing import Any

import pytest

from apps.deployments.models import Revision
from apps.deployments.rules.canary import stepped
from apps.deployments.rules.shadow import mirrored
from apps.monitoring.rules.mirrored import Pair, PairMargins, compare_pairs
from apps.monitoring.rules.side_by_side import Arm, Margins, compare
from apps.training.models import TrainingJob
from apps.training.rules.retraining import widened
from apps.training.services import retrain_now
from tests.retraining.loop import LEAST, Loop

DIGITS = [str(digit) for digit in range(10)]
#: Of a thousand answers after a drift: the live version says eight far too often, the candidate as often as it is so.
LOST = {digit: 720 if digit == "8" else 31 for digit in DIGITS}
EVEN = dict.fromkeys(DIGITS, 100)


def asked_for(loop: Loop, **policy: Any) -> dict[str, Any]:
    """The specification of the revision that a retraining asks for."""
    loop.policy(**policy)
    loop.label(2 * LEAST)
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    loop.begin()
    loop.end(TrainingJob.objects.get())
    loop.tell()
    return Revision.objects.get(number=2).spec


def arm(labels: dict[str, int], right: int) -> Arm:
    """So many of a thousand are right."""
    return Arm(requests=1000, latencies=[5.0] * 1000, labels=labels, labelled=1000, right=right)


def side_by_side(plan: dict[str, Any], right: int) -> tuple[str, list[str]]:
    """The verdict on a candidate that is right so often, beside a live version that is so 464 times, and what fails."""
    margins = Margins(**{each.name: plan[each.name] for each in fields(Margins)})
    found = compare(arm(LOST, 464), arm(EVEN, right), margins)
    return found.verdict.value, [each.name for each in found.measures if each.verdict == "fail"]


def in_the_shadow(plan: dict[str, Any], right: int) -> tuple[str, list[str]]:
    """The same, pair by pair: the live version says eight, and the candidate never does."""
    margins = PairMargins(**{each.name: plan[each.name] for each in fields(PairMargins)})
    truths = ["1"] * right + ["8"] * (1000 - right)
    pairs = [
        Pair(live_ms=5.0, candidate_ms=5.0, live_labels=["8"], candidate_labels=["1"], truths=[(0, truth)])
        for truth in truths
    ]
    found = compare_pairs(pairs, margins)
    return found.verdict.value, [each.name for each in found.measures if each.verdict == "fail"]


@pytest.mark.django_db
def test_a_better_candidate_with_other_label_shares_passes_its_canary(loop: Loop) -> None:
    plan = asked_for(loop)["canary"]
    assert side_by_side(plan, 847) == ("pass", [])
    assert side_by_side(stepped({}, "canary"), 847) == ("fail", ["labels"]), "any other revision's would not"


@pytest.mark.django_db
def test_one_that_is_wrong_more_often_fails_it(loop: Loop) -> None:
    assert side_by_side(asked_for(loop)["canary"], 300) == ("fail", ["wrong"])


@pytest.mark.django_db
def test_a_better_candidate_that_differs_passes_its_shadow(loop: Loop) -> None:
    plan = asked_for(loop, strategy="shadow")["shadow"]
    assert in_the_shadow(plan, 800) == ("pass", [])
    assert in_the_shadow(mirrored({}), 800) == ("fail", ["differs"]), "any other revision's would not"


@pytest.mark.django_db
def test_one_in_the_shadow_that_is_wrong_more_often_fails(loop: Loop) -> None:
    assert in_the_shadow(asked_for(loop, strategy="shadow")["shadow"], 300) == ("fail", ["wrong"])


def test_a_margin_that_was_given_stays_and_no_other_is_touched() -> None:
    plans = {"shadow": mirrored({"differs": 0.3}), "canary": stepped({"wrong": 0.2}, "canary")}
    found = widened(plans, {"shadow": {"differs": 0.3}, "canary": {"wrong": 0.2}})
    assert found == {"shadow": plans["shadow"], "canary": plans["canary"] | {"labels": 1.0}}


def test_a_strategy_without_plans_gets_none() -> None:
    assert widened({}, {"shadow": None, "canary": None}) == {"shadow": None, "canary": None}
