"""Latency buckets: close enough together that a percentile read from them is right within a tenth."""

import math
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workers.serving.histogram import BOUNDS, LABELS, label, percentile

latencies = st.lists(st.floats(0.0001, 100), min_size=1, max_size=200)  # seconds


def test_bounds_are_at_most_ten_per_cent_apart():
    assert all(high / low <= 1.1 for low, high in pairwise(BOUNDS))


def test_labels_are_their_bounds():
    assert [float(name) for name in LABELS] == list(BOUNDS)


@given(st.floats(0, 1e6))
def test_every_latency_has_a_bucket(seconds):
    assert label(seconds) in LABELS


@given(latencies, st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_at_most_a_tenth_above_the_true_one(seconds, share):
    true = sorted(seconds)[max(math.ceil(share * len(seconds)) - 1, 0)] * 1000
    read = percentile(Counter(map(label, seconds)), share)
    assert true * 0.9999 <= read <= true * 1.1001


@given(latencies, latencies)
def test_merged_histograms_lie_between_their_parts(first, second):
    one, two = Counter(map(label, first)), Counter(map(label, second))
    merged = percentile(one + two, 0.5)
    assert min(percentile(one, 0.5), percentile(two, 0.5)) <= merged <= max(percentile(one, 0.5), percentile(two, 0.5))


def test_nothing_counted_has_no_percentile():
    assert percentile({}, 0.5) is None
