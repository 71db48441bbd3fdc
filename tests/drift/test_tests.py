"""What every test promises: a chance from nought to one, the same whichever sample comes first and in any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from apps.drift.rules import chi_squared, embeddings, exceedances, kolmogorov_smirnov

NUMBERS = hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(-3, 3) | st.floats(-1e50, 1e50))
COUNTS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 300), min_size=1).filter(
    lambda c: sum(c.values()) > 0
)
VECTORS = hnp.arrays(
    np.float32, st.tuples(st.integers(2, 20), st.just(3)), elements=st.integers(-2, 2) | st.floats(-20, 20, width=32)
)
RANDOM = np.random.default_rng(0)


@given(NUMBERS, NUMBERS)
def test_kolmogorov_smirnov_is_symmetric_and_p_is_a_chance(one: np.ndarray, other: np.ndarray) -> None:
    there, back = kolmogorov_smirnov.compare(one, other), kolmogorov_smirnov.compare(other, one)
    assert 0 <= there.p <= 1 and 0 <= there.statistic <= 1
    assert there == pytest.approx(back)


@given(NUMBERS, NUMBERS, st.randoms())
def test_kolmogorov_smirnov_does_not_see_the_order(one: np.ndarray, other: np.ndarray, random: object) -> None:
    shuffled = one.tolist()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert kolmogorov_smirnov.compare(np.array(shuffled), other) == kolmogorov_smirnov.compare(one, other)


@given(NUMBERS)
def test_a_sample_does_not_differ_from_itself(one: np.ndarray) -> None:
    assert kolmogorov_smirnov.compare(one, one) == (0.0, 1.0)


def test_small_samples_have_the_exact_chance() -> None:
    # Of the 20 ways to share out six numbers, two keep three on either side.
    assert kolmogorov_smirnov.compare(np.arange(3.0), np.arange(3.0) + 10).p == pytest.approx(2 / 20)


def test_large_samples_are_compared_and_a_small_shift_is_found() -> None:
    one, other = RANDOM.normal(size=2000), RANDOM.normal(0.2, 1, size=100_000)
    assert kolmogorov_smirnov.compare(one, other).p < 1e-9


@given(NUMBERS, NUMBERS, st.integers(0, 100))
def test_exceedances_are_a_chance_and_do_not_see_the_order(one: np.ndarray, other: np.ndarray, seed: int) -> None:
    found = exceedances.compare(one, other)
    assert 0 <= found.p <= 1 and 0 <= found.statistic <= len(other)
    assert exceedances.compare(np.random.default_rng(seed).permutation(one), other) == found


def test_the_chance_of_exceedances_is_exact() -> None:
    # All three of six lie above the other three: one way in twenty, on one of two sides.
    assert exceedances.compare(np.arange(3.0), np.arange(3.0) + 10).p == pytest.approx(2 / 20)


def test_the_chance_of_exceedances_is_spread_as_a_chance_is() -> None:
    random = np.random.default_rng(4)
    ps = np.array([exceedances.compare(*random.standard_t(2, 400).reshape(2, 200)).p for _ in range(2000)])
    for level in (0.1, 0.01):
        assert np.mean(ps <= level) <= level + 3.3 * np.sqrt(level / 2000)
    assert np.mean(ps <= 0.1) > 0.02


def test_a_few_that_are_far_out_are_found_where_the_whole_hardly_moves() -> None:
    one, other = RANDOM.normal(size=1000), RANDOM.normal(size=200)
    other[:8] = -50
    assert kolmogorov_smirnov.compare(one, other).p > 0.01
    assert exceedances.compare(one, other).p < 1e-4


@given(COUNTS, COUNTS)
def test_chi_squared_is_symmetric_and_p_is_a_chance(one: dict[str, int], other: dict[str, int]) -> None:
    there, back = chi_squared.compare(one, other), chi_squared.compare(other, one)
    assert 0 <= there.p <= 1 and there.statistic >= 0
    assert there == pytest.approx(back)


@given(COUNTS, COUNTS)
def test_no_count_is_lost_when_rare_categories_are_put_together(one: dict[str, int], other: dict[str, int]) -> None:
    table = chi_squared.pooled(one, other)
    assert table.sum(axis=1).tolist() == [sum(one.values()), sum(other.values())]
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    assert table.shape[1] <= 2 or (expected.min() >= 1 and np.mean(expected < 5) <= 0.2)


def test_the_same_shares_do_not_differ() -> None:
    assert chi_squared.compare({"a": 300, "b": 100}, {"a": 75, "b": 25}).p == pytest.approx(1)
    assert chi_squared.compare({"a": 5}, {"a": 900}) == (0.0, 1.0)


def test_a_class_never_seen_is_found() -> None:
    reference = dict.fromkeys("abcdefghij", 100)
    assert chi_squared.compare(reference, dict.fromkeys("abcdefghij", 18) | {"new": 20}).p < 1e-6


def test_two_categories_have_fishers_exact_chance() -> None:
    # The lady tasting tea: 3 of 4 right.
    assert chi_squared.compare({"a": 3, "b": 1}, {"a": 1, "b": 3}).p == pytest.approx(34 / 70)


@given(VECTORS, VECTORS)
def test_the_discrepancy_of_vectors_is_a_chance_and_an_effect(one: np.ndarray, other: np.ndarray) -> None:
    found = embeddings.compare(one, other)
    assert 0 <= found.compared.p <= 1
    assert found.compared.statistic >= 0
    assert found.effect >= 0


@given(VECTORS, VECTORS, st.integers(0, 100))
def test_the_discrepancy_does_not_see_the_order_of_the_window(one: np.ndarray, other: np.ndarray, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(other)
    assert embeddings.compare(one, shuffled).compared.p == pytest.approx(
        embeddings.compare(one, other).compared.p, abs=1e-3
    )


def test_the_same_vectors_always_have_the_same_chance() -> None:
    one, other = RANDOM.normal(size=(2, 50, 8)).astype(np.float32)
    assert embeddings.compare(one, other) == embeddings.compare(one.copy(), other.copy())


@pytest.mark.parametrize(
    "changed",
    [lambda v: v + 0.3, lambda v: v * 1.4, lambda v: np.sign(v) * 0.9 + v * 0.4],
    ids=["shift", "scale", "two modes"],
)
def test_vectors_that_shift_or_change_their_shape_are_found(changed: object) -> None:
    one, other = RANDOM.normal(size=(1000, 8)).astype(np.float32), RANDOM.normal(size=(200, 8)).astype(np.float32)
    assert embeddings.compare(one, changed(other)).compared.p < 1e-4  # type: ignore[operator]


def test_the_chance_of_vectors_is_spread_as_a_chance_is() -> None:
    """400 pairs of one heavy-tailed world: a tenth of p below a tenth, a hundredth below a hundredth."""
    random = np.random.default_rng(3)
    mixed = random.normal(size=(5, 16))

    def drawn(count: int) -> np.ndarray:
        return np.asarray(np.clip(random.standard_t(4, (count, 5)) @ mixed, -20, 20), np.float32)

    ps = np.array([embeddings.compare(drawn(300), drawn(100)).compared.p for _ in range(400)])
    for level in (0.5, 0.1, 0.01):
        assert np.mean(ps <= level) == pytest.approx(level, abs=3.3 * np.sqrt(level * (1 - level) / 400))
