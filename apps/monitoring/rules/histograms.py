"""Latency histograms: {upper bound of a bucket in milliseconds, as text: count}, so that they add up by key."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

Histogram = Mapping[str, int]


def merged(histograms: Iterable[Histogram]) -> dict[str, int]:
    """The sum of several counts by key."""
    total: Counter[str] = Counter()
    for histogram in histograms:
        total.update(histogram)
    return dict(total)


def percentile(histogram: Histogram, share: float) -> float | None:
    """The bound in milliseconds that at least `share` (0 to 1] of the requests stayed within; None without requests.

    Nearest rank, answered with the bucket's upper bound: never more flattering than the truth.
    """
    total = sum(histogram.values())
    if not total:
        return None
    # Rounding guards against 0.95 * 100 = 95.00000000000001, which would ask for the 96th.
    rank = max(1, math.ceil(round(share * total, 6)))
    seen = 0
    for bound, count in sorted((float(key), count) for key, count in histogram.items()):
        seen += count
        if seen >= rank:
            return bound
    raise AssertionError("the ranks add up to the total")


def within(histogram: Histogram, milliseconds: float) -> int:
    """How many requests surely took no longer: those of buckets that end at or below it."""
    return sum(count for bound, count in histogram.items() if float(bound) <= milliseconds)
