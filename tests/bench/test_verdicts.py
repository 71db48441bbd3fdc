"""Targets are judged by the median, and what was not measured is not judged."""

from hypothesis import given
from hypothesis import strategies as st

from bench.part import Target
from bench.verdicts import Verdict, judge
from tests.bench.made import SPEED, WAIT, part

positive = st.floats(0.001, 1e6)


def verdict(target: Target, rows: dict[str, dict[str, list[float]]]) -> Verdict:
    [found] = judge(part(target), rows)
    return found


@given(st.booleans(), positive, positive)
def test_a_target_is_reached_exactly_when_its_factor_is_one_or_more(at_least: bool, bound: float, value: float) -> None:
    found = verdict(Target("quartet", SPEED, bound, at_least), {"quartet": {SPEED: [value]}})
    assert found.factor is not None
    assert found.reached == (found.factor >= 1)


@given(st.booleans(), positive)
def test_what_is_exactly_at_the_bound_reaches_it(at_least: bool, bound: float) -> None:
    assert verdict(Target("quartet", SPEED, bound, at_least), {"quartet": {SPEED: [bound]}}).reached


def test_one_bad_round_does_not_decide() -> None:
    rows = {"quartet": {WAIT: [0.4, 0.4, 9.0]}}
    assert verdict(Target("quartet", WAIT, 0.5, False), rows).reached


def test_a_target_beside_another_server_is_a_ratio() -> None:
    rows = {"quartet": {SPEED: [40.0]}, "mosec": {SPEED: [100.0]}}
    found = verdict(Target("quartet", SPEED, 0.5, True, "mosec"), rows)
    assert found.found is not None
    assert found.found.median == 0.4
    assert (found.reached, found.factor, found.unit) == (False, 0.8, "×")


def test_a_target_names_whom_it_is_about_in_words() -> None:
    found = verdict(Target("fp32/quartet", SPEED, 0.95, True, "fp32/bare"), {})
    assert found.wanted == "Quartet (fp32), 64 connections: at least 0.95 × the bare model (fp32)"


def test_without_either_side_there_is_no_verdict() -> None:
    target = Target("quartet", SPEED, 1, True, "mosec")
    for rows in ({}, {"quartet": {SPEED: [1.0]}}, {"mosec": {SPEED: [1.0]}}):
        assert verdict(target, rows).reached is None
