"""Do two samples fall into the same categories equally often? Pearson's chi-squared test of homogeneity."""

from collections.abc import Mapping

import numpy as np

from apps.drift.rules.compared import Compared

#: Cochran's rule (1954): every expected count is at least 1, and at most a fifth of them are below 5.
_LEAST, _USUAL, _SHARE = 1.0, 5.0, 0.2


def compare(reference: Mapping[str, int], window: Mapping[str, int]) -> Compared:
    """From counts by category, each at least one in all; a category may be in one of them alone.

    Rare categories, the never seen among them, are put together until Cochran's rule holds. The statistic is
    chi-squared; with two categories p is that of Fisher's exact test.
    """
    from scipy.special import chdtrc  # here: web processes import the rules and have no use for it

    table = pooled(reference, window)
    if table.shape[1] < 2:
        return Compared(0.0, 1.0)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(np.sum((table - expected) ** 2 / expected))
    p = _fisher(table) if table.shape[1] == 2 else float(chdtrc(table.shape[1] - 1, statistic))
    return Compared(statistic, min(1.0, max(0.0, p)))


def pooled(reference: Mapping[str, int], window: Mapping[str, int]) -> np.ndarray:
    """float64 (2, k): the counts of both. What is put together depends on the sums alone, so the test stays valid."""
    names = sorted(reference.keys() | window.keys())
    table = np.array([[counts.get(name, 0) for name in names] for counts in (reference, window)], np.float64)
    table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    table = table[:, table.sum(axis=0) > 0]
    smaller = table.sum(axis=1).min() / table.sum()
    while table.shape[1] > 2 and not _cochran(table.sum(axis=0) * smaller):
        table = np.column_stack([table[:, 0] + table[:, 1], table[:, 2:]])
        table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    return table


def _cochran(expected: np.ndarray) -> bool:
    return bool(expected.min() >= _LEAST and np.mean(expected < _USUAL) <= _SHARE)


def _fisher(table: np.ndarray) -> float:
    from scipy.stats import fisher_exact  # here: as above

    return float(fisher_exact(table.astype(np.int64)).pvalue)


def moved(reference: Mapping[str, int], window: Mapping[str, int]) -> float:
    """The effect: the share of samples, 0 to 1, that would have to change category (total variation distance)."""
    total, other = sum(reference.values()), sum(window.values())
    names = reference.keys() | window.keys()
    return sum(abs(reference.get(name, 0) / total - window.get(name, 0) / other) for name in names) / 2
