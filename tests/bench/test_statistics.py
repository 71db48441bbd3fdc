"""Middles, spreads, ratios and the order of the rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.statistics import percentile, ratio, spread, turn

figures = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=9)
names = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=9, unique=True)


@given(figures)
def test_the_middle_lies_within_the_spread(values: list[float]) -> None:
    found = spread(values)
    assert found.low <= found.median <= found.high
    assert {found.low, found.high} <= set(values)


@given(figures, st.floats(0.1, 10))
def test_who_is_always_so_many_times_faster_has_that_ratio_without_a_spread(values: list[float], times: float) -> None:
    found = ratio([value * times for value in values], values)
    assert [found.low, found.median, found.high] == pytest.approx([times] * 3)


def test_a_ratio_is_taken_round_by_round() -> None:
    slow_first_round = ratio([10, 100, 100], [5, 50, 50])
    assert (slow_first_round.low, slow_first_round.high) == (2, 2)


def test_only_rounds_that_both_have_make_the_ratio() -> None:
    assert ratio([10, 10, 99], [5, 5]).high == 2


@given(names)
def test_everybody_begins_once_in_as_many_rounds_as_there_are_names(servers: list[str]) -> None:
    orders = [turn(servers, number) for number in range(len(servers))]
    assert [order[0] for order in orders] == servers
    assert all(sorted(order) == sorted(servers) for order in orders)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1), st.floats(0, 100))
def test_a_percentile_is_one_of_the_values_that_so_many_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(each <= found for each in values) >= len(values) * percent / 100 - 1e-9
