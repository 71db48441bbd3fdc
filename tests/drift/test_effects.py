"""Effects say how much, in units that mean the same for every signal and every size of sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from apps.drift.rules import chi_squared, stability, wasserstein

NUMBERS = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6))
RANDOM = np.random.default_rng(0)


@given(NUMBERS, NUMBERS)
def test_the_distance_is_scipys(one: np.ndarray, other: np.ndarray) -> None:
    from scipy.stats import wasserstein_distance

    assert wasserstein.distance(one, other) == pytest.approx(wasserstein_distance(one, other), rel=1e-6, abs=1e-6)


@given(NUMBERS, st.floats(-1e3, 1e3))
def test_a_shift_is_as_far_as_it_is(one: np.ndarray, shift: float) -> None:
    assert wasserstein.distance(one, one + shift) == pytest.approx(abs(shift), rel=1e-6, abs=1e-6)


def test_half_a_deviation_is_half_whatever_the_unit_and_the_size() -> None:
    for unit, count in ((1, 300), (1000, 3000), (0.001, 20_000)):
        one = RANDOM.normal(0, unit, count)
        assert wasserstein.normalised(one, one + unit / 2) == pytest.approx(0.5, abs=0.05)


def test_a_few_wild_values_do_not_hide_a_shift() -> None:
    one = np.concatenate([RANDOM.normal(size=1000), [1e6]])
    assert wasserstein.normalised(one, one + 0.5) > 0.4


def test_a_constant_that_changes_is_far_and_finite() -> None:
    assert 1 < wasserstein.normalised(np.ones(9), np.full(9, 5.0)) < 10
    assert wasserstein.normalised(np.ones(9), np.ones(5)) == 0.0


@given(NUMBERS, NUMBERS)
def test_the_stability_index_is_finite_and_never_below_nought(one: np.ndarray, other: np.ndarray) -> None:
    assert 0 <= stability.of_numbers(one, other) < 100


def test_the_stability_index_is_that_of_the_definition() -> None:
    shares = np.array([0.5, 0.5]), np.array([0.4, 0.6])
    expected = sum((w - r) * np.log(w / r) for r, w in zip(*shares, strict=True))
    assert stability.of_counts(*(10_000 * each for each in shares)) == pytest.approx(expected, rel=1e-3)


def test_a_tenth_of_the_samples_changes_category() -> None:
    assert chi_squared.moved({"a": 50, "b": 50}, {"a": 400, "b": 600}) == pytest.approx(0.1)
    assert chi_squared.moved({"a": 5}, {"b": 7}) == 1.0
