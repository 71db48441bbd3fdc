"""Sketches: their error is bounded, and however they are merged the sum is the same."""

import math

from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules import sketches
from apps.monitoring.rules.sketches import (
    ACCURACY,
    Buckets,
    decode,
    decode_one,
    encode,
    mean,
    merged,
    quantile,
    sketches_merged,
    upper,
    within,
)
from workers.serving import sketch
from workers.serving.sketch import noted

values = st.lists(st.floats(1e-4, 1e7), min_size=1, max_size=200)
shares = st.one_of(st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]), st.floats(0, 1))
buckets = st.dictionaries(st.integers(-1500, 1500), st.integers(1, 10_000), max_size=40)
named = st.dictionaries(st.sampled_from(["latency", "confidence", "stage/infer", "queue/all"]), buckets)


def _counted(seen: list[float]) -> Buckets:
    return noted((value, 1) for value in seen)


def _near(found: float | None, true: float) -> bool:
    return found is not None and abs(found - true) <= ACCURACY * true * (1 + 1e-9)


def test_gateways_and_readers_have_the_same_buckets() -> None:
    assert (sketch.ACCURACY, sketch.upper(77)) == (sketches.ACCURACY, sketches.upper(77))


@given(values, shares)
def test_a_quantile_is_within_the_accuracy_of_the_true_one(seen: list[float], share: float) -> None:
    true = sorted(seen)[math.floor(share * (len(seen) - 1))]
    assert _near(quantile(_counted(seen), share), true)


@given(values, shares)
def test_a_quantile_is_the_one_that_the_library_tells(seen: list[float], share: float) -> None:
    library = DDSketch(ACCURACY)
    for value in seen:
        library.add(value)
    assert _near(quantile(_counted(seen), share), library.get_quantile_value(share) or 0.0)


@given(values)
def test_a_mean_is_within_the_accuracy_of_the_true_one(seen: list[float]) -> None:
    assert _near(mean(_counted(seen)), math.fsum(seen) / len(seen))


@given(values, st.floats(1e-4, 1e7))
def test_within_is_right_but_for_values_near_the_bound(seen: list[float], most: float) -> None:
    found = within(_counted(seen), most)
    assert sum(value <= most * (1 - 2 * ACCURACY) for value in seen) <= found
    assert found <= sum(value <= most * (1 + 2 * ACCURACY) for value in seen)


@given(buckets, st.integers(-1500, 1500))
def test_within_a_buckets_own_end_is_exact(counts: Buckets, key: int) -> None:
    assert within(counts, upper(key)) == sum(count for each, count in counts.items() if each <= key)


@given(named, named, named)
def test_merging_is_associative_and_commutative(one: dict, two: dict, three: dict) -> None:
    left = sketches_merged([sketches_merged([one, two]), three])
    assert left == sketches_merged([one, sketches_merged([two, three])])
    assert left == sketches_merged([three, one, two])


@given(values, values)
def test_what_was_counted_apart_merges_into_what_is_counted_together(some: list[float], others: list[float]) -> None:
    assert merged([_counted(some), _counted(others)]) == _counted(some + others)


@given(named)
def test_a_row_keeps_what_it_was_given(found: dict[str, Buckets]) -> None:
    raw = encode(found)
    assert decode(raw) == {name: each for name, each in found.items() if each}
    assert decode_one(raw, "latency") == found.get("latency", {})


def test_what_was_never_written_is_empty() -> None:
    assert (decode(b""), decode_one(b"", "latency")) == ({}, {})
    assert (quantile({}, 0.5), mean({}), within({}, 5.0)) == (None, None, 0)
