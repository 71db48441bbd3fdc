"""Population Stability Index: how differently two samples fill the same bins (Siddiqi 2006).

sum((w - r) ln(w / r)) over the shares r of the reference and w of the window; by custom below 0.1 is stable and above
0.25 is a different population. It grows with small samples, so it is told as an effect, never used as a test.
"""

from collections.abc import Sequence

import numpy as np

_BINS = 10
_SMOOTHING = 0.5  # counts added to each bin, so that an empty one costs much and not infinitely much


def of_counts(reference: Sequence[float] | np.ndarray, window: Sequence[float] | np.ndarray) -> float:
    """From counts in the same bins, (k,) each."""
    shares = (np.asarray(counts, np.float64) + _SMOOTHING for counts in (reference, window))
    first, second = (each / each.sum() for each in shares)
    return float((second - first) @ np.log(second / first))


def of_numbers(reference: np.ndarray, window: np.ndarray) -> float:
    """From values, (m,) and (n,), each at least one; the bins are the reference's tenths, fewer where values repeat."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = (np.bincount(np.searchsorted(edges, each), minlength=len(edges) + 1) for each in (reference, window))
    return of_counts(*counts)
