"""How far two samples of numbers are apart: the first Wasserstein distance, in spreads of the reference."""

import numpy as np

_FURTHEST = 1e6  # spreads; a reference of almost one value would make it infinite
_NORMAL_IQR = 1.349  # standard deviations between the quartiles of a normal distribution


def distance(reference: np.ndarray, window: np.ndarray) -> float:
    """The area between the two distribution functions, in the unit of the values; (m,) and (n,), each at least one."""
    points = np.sort(np.concatenate([reference, window]))
    shares = (np.searchsorted(np.sort(each), points[:-1], side="right") / len(each) for each in (reference, window))
    first, second = shares
    return float(np.abs(first - second) @ np.diff(points))


def spread(values: np.ndarray) -> float:
    """Standard deviation or the quartiles' distance over that of a normal one, whichever is less (Silverman 1986).

    A few wild values of the reference must not make every shift look small. 0 for a constant.
    """
    low, high = np.percentile(values, (25, 75))
    deviation, quartiles = float(values.std()), float(high - low) / _NORMAL_IQR
    return min(deviation, quartiles) if quartiles > 0 else deviation


def normalised(reference: np.ndarray, window: np.ndarray) -> float:
    """The distance over the reference's spread; over that of both together where the reference is constant."""
    unit = spread(reference) or float(np.concatenate([reference, window]).std())
    return min(_FURTHEST, distance(reference, window) / unit) if unit > 0 else 0.0
