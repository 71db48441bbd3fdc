"""Are two samples of numbers from one distribution? The two-sample Kolmogorov-Smirnov test, two-sided."""

import warnings

import numpy as np

from apps.drift.rules.compared import Compared

#: Product of the sizes up to which p is exact (Hodges 1958); beyond, it is asymptotic.
_EXACT = 2_000_000


def compare(reference: np.ndarray, window: np.ndarray) -> Compared:
    """The statistic is D, the largest distance of the two distribution functions, 0 to 1.

    Values are finite, (m,) and (n,), each at least one. Equal values make p too large, never too small: the test stays
    below its level where a signal has few values, and a constant against itself has p = 1.
    """
    from scipy.stats import ks_2samp  # here: it takes most of a second, and web processes import the rules as well

    method = "exact" if len(reference) * len(window) <= _EXACT else "asymp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it says so when it falls back to the asymptotic p
        found = ks_2samp(reference, window, method=method)
    return Compared(float(found.statistic), min(1.0, max(0.0, float(found.pvalue))))
