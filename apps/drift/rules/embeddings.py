"""Are two samples of vectors from one distribution? Maximum mean discrepancy, in time linear in the samples.

The kernel is approximated by random Fourier features (Rahimi and Recht 2007; as a two-sample test, Zhao and Meng 2015):
each vector becomes 2F bounded features, and the statistic is the squared distance of the two means. Three widths of the
kernel, around the median distance of the reference, see shifts and changes of shape. Under the null hypothesis the
distance is a weighted sum of chi-squared variables whose weights are the eigenvalues of the features' covariance; p is
by its first three moments (Hall 1983, Buckley and Eagleson 1988). Seeded: the same samples always give the same p.
"""

import math
from dataclasses import dataclass

import numpy as np

from apps.drift.rules.compared import Compared

#: Numbers that are kept of each vector; longer ones are projected at random (Johnson and Lindenstrauss 1984).
MOST_DIMENSIONS = 64
_FREQUENCIES = 64
_WIDTHS = (0.5, 1.0, 2.0)  # times the median distance
_PAIRS = 500
_FURTHEST = 20.0  # deviations; what is further out is as far as that
_SEED = 20_260_101


@dataclass(frozen=True, eq=False)
class Space:
    """Where vectors of `dimension` numbers are compared: projected, then brought to the reference's mean and spread."""

    dimension: int
    mean: np.ndarray  # float64 (k,), k = min(dimension, MOST_DIMENSIONS)
    deviation: np.ndarray  # float64 (k,), above zero

    @classmethod
    def of(cls, vectors: np.ndarray) -> "Space":
        """The space of a reference (m, d), m at least one."""
        seen = _projected(vectors)
        deviation = seen.std(axis=0)
        # A number that never changes in the reference counts by the spread of the others.
        usual = float(np.sqrt(np.mean(deviation**2))) or 1.0
        return cls(vectors.shape[1], seen.mean(axis=0), np.where(deviation > usual * 1e-3, deviation, usual))

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """float32 (n, k) of vectors (n, dimension)."""
        placed = (_projected(vectors) - self.mean) / self.deviation
        clipped: np.ndarray = np.clip(placed, -_FURTHEST, _FURTHEST).astype(np.float32)
        return clipped


def _projected(vectors: np.ndarray) -> np.ndarray:
    dimension = vectors.shape[1]
    wide = vectors.astype(np.float64)
    if dimension <= MOST_DIMENSIONS:
        return wide
    random = np.random.default_rng(_SEED).normal(size=(dimension, MOST_DIMENSIONS))
    projected: np.ndarray = wide @ (random / np.sqrt(MOST_DIMENSIONS))
    return projected


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`effect` is the distance of the means in spreads of the reference, within the kernel's space, bias taken off."""

    compared: Compared
    effect: float


def compare(reference: np.ndarray, window: np.ndarray) -> Discrepancy:
    """Of placed vectors, (m, k) and (n, k), each at least two."""
    frequencies = _frequencies(reference)
    first, second = _features(reference, frequencies), _features(window, frequencies)
    distance = float(np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2))
    covariance = _pooled_covariance(first, second)
    rate = 1 / len(reference) + 1 / len(window)
    within = float(np.trace(covariance))
    own = float(first.var(axis=0).sum()) or within
    shift = max(0.0, distance - within * rate)
    effect = math.sqrt(shift / own if own > 0 else shift)
    return Discrepancy(Compared(distance, _p(distance / rate, covariance)), effect)


def _frequencies(reference: np.ndarray) -> np.ndarray:
    """float32 (k, F), drawn once for all: the seed is fixed and the width is the reference's."""
    random = np.random.default_rng(_SEED)
    chosen = random.integers(0, len(reference), (2, _PAIRS))
    apart = np.sqrt(np.sum((reference[chosen[0]] - reference[chosen[1]]) ** 2, axis=1, dtype=np.float64))
    known = apart[apart > 0]
    median = float(np.median(known)) if len(known) else 1.0
    widths = median * np.resize(_WIDTHS, _FREQUENCIES)
    drawn: np.ndarray = (random.normal(size=(reference.shape[1], _FREQUENCIES)) / widths).astype(np.float32)
    return drawn


def _features(vectors: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """float32 (n, 2F), each row of length 1."""
    angles = vectors @ frequencies
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.float32(np.sqrt(_FREQUENCIES))


def _pooled_covariance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """float64 (2F, 2F), within the samples, each weighted by the other's size as the difference of means is."""
    covariances = [_covariance(each) for each in (first, second)]
    weights = np.array([1 / len(first), 1 / len(second)])
    shares = weights / weights.sum()
    return np.asarray(covariances[0] * shares[0] + covariances[1] * shares[1])


def _covariance(features: np.ndarray) -> np.ndarray:
    """In float32 until it is summed up: the features are bounded, and half the bytes are twice the speed."""
    centred = features - features.mean(axis=0)
    return np.asarray((centred.T @ centred).astype(np.float64) / (len(features) - 1))


def _p(statistic: float, covariance: np.ndarray) -> float:
    """The chance that a weighted sum of chi-squared variables exceeds the statistic, by three moments."""
    from scipy.special import chdtrc  # here: web processes import the rules and have no use for it

    squared = covariance @ covariance
    first, second = float(np.trace(covariance)), float(np.trace(squared))
    third = float(np.sum(squared * covariance))
    if second <= 0 or third <= 0:  # both samples are constant
        return 1.0 if statistic <= 1e-9 else 0.0
    freedom = second**3 / third**2
    at = freedom + (statistic - first) / np.sqrt(2 * second) * np.sqrt(2 * freedom)
    return float(chdtrc(freedom, max(0.0, at)))


def outlying(reference: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """float64 (n,): the squared distance of each placed vector from the middle of the placed reference."""
    return np.asarray(np.sum((vectors - reference.mean(axis=0)) ** 2, axis=1, dtype=np.float64))
