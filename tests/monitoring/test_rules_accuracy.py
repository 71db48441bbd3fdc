"""Counts become rates that say how surely they are known, and nothing is made of nothing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.accuracy import WINDOWS, Tally, Window, course, starts, total, wilson

COUNTED = st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TALLIES = st.tuples(st.integers(0, 999), st.integers(0, 999), st.integers(0, 999)).map(
    lambda three: Tally(*sorted(three, reverse=True))
)


@given(COUNTED)
def test_the_share_lies_within_its_interval_and_that_within_0_and_1(counted: tuple[int, int]) -> None:
    right, count = counted
    low, high = wilson(right, count)
    assert 0 <= low <= right / count <= high <= 1
    assert low < high


@given(COUNTED)
def test_right_and_wrong_are_each_others_mirror(counted: tuple[int, int]) -> None:
    right, count = counted
    low, high = wilson(right, count)
    assert wilson(count - right, count) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(COUNTED)
def test_more_labels_of_the_same_share_narrow_the_interval(counted: tuple[int, int]) -> None:
    right, count = counted
    few, many = wilson(right, count), wilson(4 * right, 4 * count)
    assert many[1] - many[0] < few[1] - few[0]


def test_an_interval_is_that_of_the_books() -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    for counted, interval in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(*counted) == pytest.approx(interval, abs=5e-5)


def test_of_nothing_labelled_the_accuracy_is_unknown_and_the_coverage_a_true_zero() -> None:
    tally = Tally(predictions=10)
    assert (tally.accuracy, tally.interval, tally.coverage) == (None, None, 0.0)


def test_of_nothing_predicted_everything_is_unknown() -> None:
    assert (Tally().accuracy, Tally().interval, Tally().coverage) == (None, None, None)


@given(st.floats(0, 4e9), st.sampled_from(list(WINDOWS.values())))
def test_the_steps_end_with_the_present_one_and_follow_each_other(now: float, window: Window) -> None:
    at = starts(now, window)
    assert at[-1] <= now < at[-1] + window.step
    assert {later - earlier for earlier, later in pairwise(at)} == {window.step}
    assert len(at) * window.step == window.length


@pytest.mark.parametrize("window", WINDOWS.values())
def test_a_step_is_of_whole_minutes_and_the_window_of_whole_steps(window: Window) -> None:
    assert (window.step % 60, window.length % window.step) == (0, 0)


@given(st.dictionaries(st.tuples(st.integers(1, 3), st.sampled_from([0, 60, 120])), TALLIES))
def test_no_count_is_lost_or_counted_twice(found: dict[tuple[int, int], Tally]) -> None:
    rows = [(revision, start, tally) for (revision, start), tally in found.items()]
    whole = course([0, 60, 120], 60, rows)
    assert total(whole.together()) == total(found.values())
    for revision in (1, 2, 3):
        assert total(whole.of(revision)) == total(t for (number, _), t in found.items() if number == revision)


def test_a_step_nobody_tells_of_is_empty_and_one_outside_is_left_out() -> None:
    whole = course([60, 120], 60, [(1, 120, Tally(3, 2, 1)), (1, 0, Tally(9, 9, 9))])
    assert whole.of(1) == [Tally(), Tally(3, 2, 1)]
    assert whole.of(2) == [Tally(), Tally()]
