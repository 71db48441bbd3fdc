"""References of few samples: nothing that a test does may tell reference and window apart but what is in them.

The numbers of small p are held against what a test at exactly the level would exceed once in ten thousand times: were
the seeds not fixed, one of the 33 together would fail by chance once in three hundred times.
"""

from collections import Counter
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from apps.drift.rules import chi_squared, embeddings, permutations
from apps.drift.rules.columns import Column
from apps.drift.rules.kinds import Kind
from apps.drift.rules.measures import measure
from apps.drift.rules.profile import build
from apps.drift.rules.reference import KINDS
from apps.drift.rules.verdict import Strictness, judge
from tests.drift.streams import Random

SIZES = (50, 100, 200)
WINDOW, WINDOWS, RUNS = 200, 200, 120
LEVELS = (0.05, 0.01)
_MIXED = np.random.default_rng(5).normal(size=(8, 48))


def heavy(random: Random, count: int) -> np.ndarray:
    """Vectors of numbers of which some are far larger than most."""
    return np.asarray(np.exp(1.5 * random.normal(size=(count, 48))), np.float32)


def hashed(random: Random, count: int) -> np.ndarray:
    """Vectors as of hashed pieces of words: each is rare, so that few samples have met few of them."""
    return np.asarray(random.random((count, 64)) < 0.02, np.float32)


def long(random: Random, count: int) -> np.ndarray:
    """Vectors that are longer than what is kept of them."""
    drawn = random.normal(size=(count, 8)) @ np.tile(_MIXED, 4) + random.normal(size=(count, 192))
    return np.asarray(drawn, np.float32)


def classes(random: Random, count: int) -> np.ndarray:
    """More classes than some references have samples."""
    return random.integers(0, 150, count).astype(str).astype(object)


def rare(random: Random, count: int) -> np.ndarray:
    """One class that comes nearly always, and many that hardly do."""
    return random.choice(list("abcdefghijkl"), count, p=[0.89] + [0.01] * 11).astype(object)


SIGNALS: dict[Callable[[Random, int], np.ndarray], Kind] = {
    heavy: Kind.EMBEDDING,
    hashed: Kind.EMBEDDING,
    long: Kind.EMBEDDING,
    classes: Kind.CATEGORY,
    rare: Kind.CATEGORY,
}


def column(values: np.ndarray) -> Column:
    return Column(values, np.arange(len(values)), 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("drawn", SIGNALS, ids=lambda drawn: drawn.__name__)
def test_a_reference_of_few_makes_no_small_chances(drawn: Callable[[Random, int], np.ndarray], size: int) -> None:
    random, kind = np.random.default_rng(size), KINDS[SIGNALS[drawn]]
    ps = np.array(
        [measure(kind.of(column(drawn(random, size))), column(drawn(random, WINDOW))).p for _ in range(WINDOWS)]
    )
    for level in LEVELS:
        assert np.sum(ps <= level) <= binom.ppf(0.9999, WINDOWS, level)


def samples(random: Random, count: int) -> list[dict[str, object]]:
    signals = {f"words.{drawn.__name__}": drawn(random, count) for drawn in SIGNALS}
    signals |= {"confidence": random.beta(8, 1, count), "words.length": np.exp(random.normal(3, 1, count)).round()}
    return [{name: values[place] for name, values in signals.items()} for place in range(count)]


@pytest.fixture(scope="module")
def least() -> np.ndarray:
    """Of each run, the least corrected p; the references are of 50, 100 and 200 samples in turn."""
    random, found = np.random.default_rng(24), []
    for number in range(RUNS):
        profile = build(samples(random, SIZES[number % len(SIZES)]), {"words": "text"})
        signals = judge(profile, samples(random, WINDOW), Strictness(least=0)).signals.values()
        tested = [each.corrected for each in signals if each.corrected is not None]
        assert len(tested) >= 6
        found.append(min(tested))
    return np.array(found)


@pytest.mark.parametrize("level", LEVELS)
def test_runs_with_references_of_few_alarm_no_more_often_than_their_level(least: np.ndarray, level: float) -> None:
    assert np.sum(least <= level) <= binom.ppf(0.9999, RUNS, level)


@given(st.integers(2, 5), st.integers(2, 5), st.integers(1, 3), st.integers(0, 1000))
def test_the_moments_are_those_of_all_ways_to_deal_the_vectors_out(one: int, other: int, width: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(one + other, width)) ** 3
    vectors -= vectors.mean(axis=0)
    ways = np.array([np.sum(vectors[list(way)].sum(axis=0) ** 2) for way in combinations(range(one + other), one)])
    moments = ways.mean(), ways.var(), np.mean((ways - ways.mean()) ** 3)
    found = permutations.moments(one, permutations.of_vectors(vectors))
    assert found == pytest.approx(moments, rel=1e-6, abs=1e-6 * ways.max() ** 3)


@given(st.lists(st.sampled_from("abcd"), min_size=4, max_size=30).filter(lambda names: len(set(names)) > 1))
def test_categories_are_vectors_of_their_own(names: list[str]) -> None:
    totals = np.array(list(Counter(names).values()), np.float64)
    vectors = np.repeat(np.diag(np.sqrt(len(names) / totals)), totals.astype(int), axis=0)
    vectors -= vectors.mean(axis=0)
    one, other = permutations.of_categories(totals), permutations.of_vectors(vectors)
    assert one.diagonal == pytest.approx(other.diagonal)
    assert one[2:] == pytest.approx(other[2:], rel=1e-6, abs=1e-6 * one.triangles)


def test_the_chance_is_that_of_vectors_dealt_out_at_random_or_a_little_larger() -> None:
    random = np.random.default_rng(1)
    vectors = hashed(random, 130).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    sums = permutations.of_vectors(vectors)
    dealt = np.array([np.sum(vectors[random.permutation(130)[:30]].sum(axis=0) ** 2) for _ in range(20_000)])
    for share in (0.05, 0.01, 0.001):
        found = permutations.chance(float(np.quantile(dealt, 1 - share)), 30, sums)
        error = 3.3 / np.sqrt(20_000 * share)
        assert 1 - error <= found / share <= 1.6 + error


def test_vectors_have_the_same_chance_whichever_sample_is_the_reference_and_wherever_they_were_placed() -> None:
    random = np.random.default_rng(2)
    one, other = hashed(random, 60), hashed(random, 90) + np.float32(0.1)
    p = embeddings.compare(one, other).compared.p
    assert embeddings.compare(other, one).compared.p == pytest.approx(p, rel=1e-3)
    unit, middle = random.uniform(0.5, 2, 64).astype(np.float32), random.normal(size=64).astype(np.float32)
    assert embeddings.compare((one - middle) / unit, (other - middle) / unit).compared.p == pytest.approx(p, rel=1e-3)


def test_classes_that_a_reference_of_few_has_not_met_are_no_drift() -> None:
    """60 classes of 150 were met; the window has others as often as it must."""
    random = np.random.default_rng(3)
    reference, window = (KINDS[Kind.CATEGORY].of(column(classes(random, count))) for count in (80, 200))
    unmet = sum(count for name, count in window.counts.items() if name not in reference.counts)
    assert unmet > 80
    assert measure(reference, column(np.repeat(list(window.counts), list(window.counts.values())))).p > 0.05
    together = {name: count for name, count in window.counts.items() if name in reference.counts} | {"others": unmet}
    assert chi_squared.compare(reference.counts, together).p < 1e-6


def test_a_reference_cut_to_its_commonest_categories_makes_no_small_chances() -> None:
    """Which are the commonest is partly chance; where most come once, it is all chance."""
    random, kind = np.random.default_rng(6), KINDS[Kind.CATEGORY]

    def drawn(count: int) -> Column:
        return column(random.zipf(1.3, count).astype(str).astype(object))

    ps = np.array([measure(kind.of(drawn(4000)), drawn(WINDOW)).p for _ in range(60)])
    assert np.sum(ps <= 0.05) <= binom.ppf(0.9999, 60, 0.05)
