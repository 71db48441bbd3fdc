"""What a field may hold, for all values: a number is no yes, and nothing beyond a limit passes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.bounds import number_fault, whole_fault, yes_or_no_fault

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers())
PAIRS = st.tuples(st.integers(-50, 50), st.integers(-50, 50)).map(sorted).map(tuple)


@given(ANYTHING, PAIRS, st.booleans())
def test_a_whole_number_is_one_and_lies_within(value: Any, limits: tuple[int, int], never: bool) -> None:
    whole = type(value) is int and limits[0] <= value <= limits[1]
    assert (whole_fault("window", value, limits, never=never) == "") == (whole or (value is None and never))


@given(ANYTHING, PAIRS)
def test_a_number_is_one_and_lies_within(value: Any, limits: tuple[int, int]) -> None:
    fits = type(value) in (int, float) and limits[0] <= value <= limits[1]
    assert (number_fault("level", value, limits) == "") == fits


@given(ANYTHING)
def test_only_true_and_false_are_yes_and_no(value: Any) -> None:
    assert (yes_or_no_fault("enabled", value) == "") == (value is True or value is False)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (whole_fault("window", "7", (50, 100_000)), "window is '7'; use a whole number from 50 to 100,000."),
        (whole_fault("hours", 0, (1, 9), never=True), "hours is 0; use a whole number from 1 to 9, or null for never."),
        (number_fault("share", 2, (0.05, 0.9), "a share"), "share is 2; use a share from 0.05 to 0.9."),
        (yes_or_no_fault("enabled", 1), "enabled is 1; use true or false."),
    ],
)
def test_the_sentence_says_what_came_and_what_to_use(told: str, words: str) -> None:
    assert told == words
