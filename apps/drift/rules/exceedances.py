"""Do too many of a window's numbers lie beyond all but a few of the reference's? A two-sided exceedance test.

Distribution functions hardly move when one sample in twenty is far out, a silent microphone say; their ends do. The
count of values beyond the j-th largest of the reference has one exact distribution, whatever that of the values
(Epstein 1954, Rosenbaum 1954).
"""

import numpy as np

from apps.drift.rules.compared import Compared

#: One in so many values of the reference may be wild itself without hiding the window's.
_SPARED = 500


def compare(reference: np.ndarray, window: np.ndarray) -> Compared:
    """The statistic is the larger count of the two ends; (m,) and (n,), each at least one.

    A value equal to the bound does not count, so that p is too large, never too small, where values repeat.
    """
    spared = 1 + len(reference) // _SPARED
    spared = min(spared, len(reference))
    low, high = np.partition(reference, spared - 1)[spared - 1], -np.partition(-reference, spared - 1)[spared - 1]
    counts = int(np.sum(window < low)), int(np.sum(window > high))
    p = 2 * min(_p(count, len(reference), len(window), spared) for count in counts)
    return Compared(float(max(counts)), min(1.0, p))


def _p(count: int, reference: int, window: int, spared: int) -> float:
    """The chance of at least so many: of the `count + spared - 1` most extreme of all, `count` are the window's."""
    if count == 0:
        return 1.0
    from scipy.stats import hypergeom  # here: it takes most of a second, and web processes import the rules as well

    return float(hypergeom.sf(count - 1, reference + window, window, count + spared - 1))
