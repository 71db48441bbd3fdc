"""A plan of degrees goes on where it was earned, back where it failed, and otherwise waits for a person."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.errors import BadSpec
from apps.deployments.rules.canary import Move, Progress, move, stepped

PROGRESS = st.builds(
    Progress,
    steps=st.just(3),
    at=st.integers(0, 2),
    since=st.floats(0, 100),
    interval=st.just(10.0),
    patience=st.just(50.0),
    verdict=st.sampled_from(["", "pass", "fail", "inconclusive"]),
    reason=st.just("so measured"),
    paused=st.booleans(),
    automatic=st.booleans(),
    asks=st.booleans(),
)


@given(PROGRESS)
def test_only_a_pass_goes_on_and_only_one_step_after_its_interval(progress: Progress) -> None:
    due = move(progress)
    if due.to is not None:
        assert due.to == progress.at + 1
        assert progress.verdict == "pass"
        assert progress.since >= progress.interval
        assert not progress.paused


@given(PROGRESS)
def test_one_that_asks_never_goes_on_by_itself(progress: Progress) -> None:
    if progress.asks:
        assert move(progress).to is None


@given(PROGRESS)
def test_a_fail_goes_back_at_once_even_from_a_pause(progress: Progress) -> None:
    assert move(progress).back == (progress.automatic and progress.verdict == "fail")


@given(PROGRESS)
def test_whoever_goes_back_or_waits_says_why(progress: Progress) -> None:
    due = move(progress)
    assert due.reason or not (due.back or due.pause)


@given(PROGRESS)
def test_what_people_decide_never_moves_by_itself(progress: Progress) -> None:
    if not progress.automatic:
        assert move(progress) == Move()


@pytest.mark.parametrize("verdict", ["", "inconclusive"])
def test_what_stays_inconclusive_waits_for_a_person_once_patience_is_over(verdict: str) -> None:
    progress = Progress(steps=3, since=50.0, interval=10.0, patience=50.0, verdict=verdict)
    assert move(progress).pause


def test_a_plan_without_a_word_has_the_usual_steps() -> None:
    assert stepped({}, "canary")["steps"] == [5, 25, 50]
    assert stepped({}, "ab")["steps"] == [50]


@pytest.mark.parametrize(
    "plan",
    [
        {"steps": []},
        {"steps": [0, 50]},
        {"steps": [50, 25]},
        {"steps": [25, 25]},
        {"steps": [100]},
        {"steps": "half"},
        {"steps": [True]},
        {"interval_s": 0},
        {"samples": 3},
        {"failed": 0},
        {"slower": 1.5},
        {"wrong": True},
        {"interval_s": 100, "patience_s": 50},
        {"speed": 3},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_words(plan: dict[str, Any]) -> None:
    with pytest.raises(BadSpec, match="canary"):
        stepped(plan, "canary")
