"""Which bucket of a DDSketch a value falls into, so that quantiles are told within ACCURACY of the true ones. Pure.

Masson, Rim and Lee 2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB
12. The mapping is that of the package ddsketch. Its own `add` costs four times as much, so requests are counted by
bucket here, and apps/monitoring/rules/sketches.py reads the buckets (decision 0017).
"""

from collections.abc import Iterable
from math import ceil, log2

from ddsketch import LogarithmicMapping

#: How far from the true value a quantile may be, as a share of it.
ACCURACY = 0.01

#: Counts by bucket: the values of bucket k lie in (gamma^(k-1), gamma^k].
Buckets = dict[int, int]

GAMMA: float = LogarithmicMapping(ACCURACY).gamma
_PER_OCTAVE = 1 / log2(GAMMA)
#: What is smaller counts as this: a nanosecond of a duration in ms, and no confidence.
LEAST = 1e-6
_LOWEST = ceil(log2(LEAST) * _PER_OCTAVE)


def note(buckets: Buckets, value: float) -> None:
    """Count one value more."""
    key = ceil(log2(value) * _PER_OCTAVE) if value > LEAST else _LOWEST
    buckets[key] = buckets.get(key, 0) + 1


def noted(counts: Iterable[tuple[float, int]]) -> Buckets:
    """The buckets of values, each with how often it was seen."""
    buckets: Buckets = {}
    for value, count in counts:
        key = ceil(log2(value) * _PER_OCTAVE) if value > LEAST else _LOWEST
        buckets[key] = buckets.get(key, 0) + count
    return buckets


def add(into: Buckets, buckets: Buckets) -> None:
    """Count what the other buckets hold here, too."""
    for key, count in buckets.items():
        into[key] = into.get(key, 0) + count


def upper(key: int) -> float:
    """The greatest value of a bucket."""
    return GAMMA**key
