"""Percentiles of bucketed latencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.histograms import merged, percentile

histograms = st.dictionaries(st.floats(0.1, 60_000, allow_nan=False).map(str), st.integers(0, 10_000), max_size=30)


def test_no_requests_have_no_percentile() -> None:
    assert percentile({}, 0.95) is None
    assert percentile({"10.0": 0}, 0.95) is None


@pytest.mark.parametrize(("share", "bound"), [(0.50, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)])
def test_a_hundred_even_latencies_give_their_own_ranks(share: float, bound: float) -> None:
    assert percentile({f"{ms}.0": 1 for ms in range(1, 101)}, share) == bound


def test_bounds_are_compared_as_numbers_and_not_as_text() -> None:
    assert percentile({"9.5": 1, "100.0": 1}, 1.0) == 100.0


@given(histograms, st.floats(0.001, 1.0))
def test_at_least_the_share_lies_within_and_less_lies_below(histogram: dict[str, int], share: float) -> None:
    bound = percentile(histogram, share)
    total = sum(histogram.values())
    if bound is None:
        assert total == 0
        return
    within = sum(count for key, count in histogram.items() if float(key) <= bound)
    below = sum(count for key, count in histogram.items() if float(key) < bound)
    assert within >= share * total - 1e-5
    assert below < share * total + 1e-5


@given(histograms, st.floats(0.001, 1.0), st.floats(0.001, 1.0))
def test_a_greater_share_never_has_a_smaller_bound(histogram: dict[str, int], one: float, other: float) -> None:
    low, high = (percentile(histogram, share) for share in sorted((one, other)))
    assert (low is None) == (high is None)
    assert low is None or high is None or low <= high


@given(st.lists(histograms, max_size=5))
def test_merging_loses_no_request(parts: list[dict[str, int]]) -> None:
    assert sum(merged(parts).values()) == sum(sum(part.values()) for part in parts)
