"""p values of many tests at once, corrected so that they can be held against one level.

Both take any number of p values in [0, 1] and answer as many, in the same order, each at least as large.
"""

from collections.abc import Sequence

import numpy as np


def holm(ps: Sequence[float]) -> list[float]:
    """Holm (1979): the chance of even one false alarm stays within the level, however the tests hang together."""
    values = np.asarray(ps, np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return _back(stepped, values, order)


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg (1995): the expected share of false alarms among all alarms stays within the level.

    For tests that are independent or positively dependent. Finds more than Holm, and promises less.
    """
    values = np.asarray(ps, np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _back(stepped, values, order)


def _back(stepped: np.ndarray, values: np.ndarray, order: np.ndarray) -> list[float]:
    """In the order of the values, and no smaller than they are: k p / k may be rounded to less than p."""
    placed = np.empty_like(values)
    placed[order] = stepped
    return [float(each) for each in np.clip(placed, values, 1.0)]
