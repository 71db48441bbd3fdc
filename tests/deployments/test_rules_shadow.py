"""What a plan of the shadow may say, and what it says where nobody said a word."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.errors import BadSpec
from apps.deployments.rules.advance import CANARY, SHADOW, SHIFTING, STARTING, Facts, advance
from apps.deployments.rules.canary import Progress
from apps.deployments.rules.shadow import FIELDS, THEN, mirrored


def test_a_plan_without_a_word_mirrors_everything_and_asks() -> None:
    plan = mirrored({})
    assert (plan["share"], plan["then"], plan["samples"], plan["patience_s"]) == (100, "wait", 200, 900)


@given(st.fixed_dictionaries({"share": st.integers(1, 100), "then": st.sampled_from(THEN)}))
def test_what_was_filled_in_is_a_plan_again(plan: dict[str, Any]) -> None:
    assert mirrored(mirrored(plan)) == mirrored(plan)
    assert set(mirrored(plan)) == set(FIELDS)


@pytest.mark.parametrize(
    "plan",
    [
        {"share": 0},
        {"share": 101},
        {"share": 12.5},
        {"share": True},
        {"then": "rolling"},
        {"then": None},
        {"samples": 3},
        {"differs": 0},
        {"interval_s": 100, "patience_s": 50},
        {"steps": [5]},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_words(plan: dict[str, Any]) -> None:
    with pytest.raises(BadSpec, match="shadow"):
        mirrored(plan)


@given(st.booleans(), st.sampled_from(["", "pass", "fail", "inconclusive"]), st.booleans(), st.floats(0, 100))
def test_all_traffic_moves_out_of_the_shadow_by_a_pass_that_need_not_ask_alone(
    asks: bool, verdict: str, paused: bool, since: float
) -> None:
    progress = Progress(1, 0, since, 10.0, 50.0, verdict, "so measured", paused, asks=asks, shadow=True)
    step = advance(Facts(SHADOW, started=True, all_ready=True, progress=progress))
    assert (step.state == SHIFTING) == (verdict == "pass" and not asks and not paused and since >= 10.0)


@given(st.sampled_from(["", "pass", "fail", "inconclusive"]), st.booleans(), st.floats(0, 100))
def test_where_degrees_follow_a_pass_leads_to_the_first_of_them_and_never_to_all_traffic(
    verdict: str, paused: bool, since: float
) -> None:
    progress = Progress(3, 0, since, 10.0, 50.0, verdict, "so measured", paused, shadow=True)
    step = advance(Facts(SHADOW, started=True, all_ready=True, progress=progress))
    assert (step.state == CANARY) == (step.to == 1) == (verdict == "pass" and not paused and since >= 10.0)
    assert step.state != SHIFTING


def test_it_comes_into_the_shadow_with_all_its_replicas_and_not_before() -> None:
    progress = Progress(1, shadow=True)
    assert advance(Facts(STARTING, progress=progress)).state == STARTING
    assert advance(Facts(STARTING, all_ready=True, progress=progress)).state == SHADOW
