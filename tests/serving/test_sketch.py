"""Buckets of a sketch: a quantile read from them is right within a hundredth, whatever was counted together."""

from ddsketch import LogarithmicMapping
from hypothesis import given
from hypothesis import strategies as st

from workers.serving.sketch import ACCURACY, LEAST, add, note, noted, upper

values = st.floats(1e-5, 1e8)
many = st.lists(values, max_size=100)
mapping = LogarithmicMapping(ACCURACY)


def counted(seen):
    buckets = {}
    for value in seen:
        note(buckets, value)
    return buckets


@given(values)
def test_a_bucket_stands_for_its_values_within_the_accuracy(value):
    (key,) = counted([value])
    assert abs(mapping.value(key) - value) <= ACCURACY * value * (1 + 1e-9)


@given(values)
def test_a_value_lies_under_its_buckets_upper_end_and_over_that_of_the_bucket_before(value):
    (key,) = counted([value])
    assert upper(key - 1) * (1 - 1e-9) <= value <= upper(key) * (1 + 1e-9)


@given(st.floats(-1, LEAST))
def test_what_is_too_small_is_counted_as_the_least(value):
    assert counted([value]) == counted([LEAST])


@given(many, many)
def test_what_was_counted_apart_adds_up_to_what_is_counted_together(some, others):
    together = counted(some)
    add(together, counted(others))
    assert together == counted([*some, *others])


@given(st.dictionaries(st.integers(1, 10_000), st.integers(1, 5)))
def test_values_with_their_counts_are_as_each_of_them(counts):
    assert noted(counts.items()) == counted([value for value, count in counts.items() for _ in range(count)])
