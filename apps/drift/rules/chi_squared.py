"""Do two samples fall into the same categories equally often? Pearson's chi-squared test of homogeneity.

Where counts are small, chi-squared strays much further than its distribution in large samples says: a category of which
one is expected has six once in 1,700 windows. So p is by permutations.py, which takes the counts for what they are.
"""

import heapq
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from apps.drift.rules import permutations
from apps.drift.rules.compared import Compared

#: Cochran's rule (1954): every expected count is at least 1, and at most a fifth of them are below 5.
_LEAST, _USUAL, _SHARE = 1.0, 5.0, 0.2


def compare(reference: Mapping[str, int], window: Mapping[str, int]) -> Compared:
    """From counts by category, one of them at least one in all; a category may be in one of them alone.

    Rare categories, the never seen among them, are put together until Cochran's rule holds. The statistic is
    chi-squared; with two categories p is that of Fisher's exact test.
    """
    table = pooled(reference, window)
    if table.shape[1] < 2 or not table.any(axis=1).all():
        return Compared(0.0, 1.0)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(np.sum((table - expected) ** 2 / expected))
    p = _fisher(table) if table.shape[1] == 2 else _p(statistic, table)
    return Compared(statistic, min(1.0, max(0.0, p)))


def _p(statistic: float, table: np.ndarray) -> float:
    first, second = (int(size) for size in table.sum(axis=1))
    summed = statistic * first * second / (first + second)
    return permutations.chance(summed, first, permutations.of_categories(table.sum(axis=0)))


class _Column(NamedTuple):
    """A category, or several together."""

    total: int
    place: int  # by name, so that equals have an order
    reference: int
    window: int


def pooled(reference: Mapping[str, int], window: Mapping[str, int]) -> np.ndarray:
    """float64 (2, k): the counts of both. What is put together depends on the sums alone, so the test stays valid."""
    columns = _columns(reference, window)
    sizes = sum(each.reference for each in columns), sum(each.window for each in columns)
    smaller = min(sizes) / sum(sizes)

    def few(*some: _Column) -> int:
        return sum(each.total * smaller < _USUAL for each in some)

    heapq.heapify(columns)
    below = few(*columns)
    while len(columns) > 2 and (columns[0].total * smaller < _LEAST or below > _SHARE * len(columns)):
        one, other = heapq.heappop(columns), heapq.heappop(columns)
        both = _Column(one.total + other.total, one.place, one.reference + other.reference, one.window + other.window)
        heapq.heappush(columns, both)
        below += few(both) - few(one, other)
    return np.array([(each.reference, each.window) for each in sorted(columns)], np.float64).T


def _columns(reference: Mapping[str, int], window: Mapping[str, int]) -> list[_Column]:
    names = sorted(reference.keys() | window.keys())
    counts = ((reference.get(name, 0), window.get(name, 0)) for name in names)
    return [_Column(sum(each), place, *each) for place, each in enumerate(counts) if sum(each)]


def _fisher(table: np.ndarray) -> float:
    from scipy.stats import fisher_exact  # here: web processes import the rules and have no use for it

    return float(fisher_exact(table.astype(np.int64)).pvalue)


def moved(reference: Mapping[str, int], window: Mapping[str, int]) -> float:
    """The effect: the share of samples, 0 to 1, that would have to change category (total variation distance)."""
    total, other = sum(reference.values()), sum(window.values())
    names = reference.keys() | window.keys()
    return sum(abs(reference.get(name, 0) / total - window.get(name, 0) / other) for name in names) / 2
