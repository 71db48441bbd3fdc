"""Are two samples of vectors from one distribution? Maximum mean discrepancy, in time linear in the samples.

The kernel is approximated by random Fourier features (Rahimi and Recht 2007; as a two-sample test, Zhao and Meng 2015):
each vector becomes 2F bounded features, and the statistic is the squared distance of the two means. Three widths of the
kernel, around the usual distance of two vectors, see shifts and changes of shape. p is by permutations.py, which asks
that nothing tells the samples apart but their vectors: so mean, spread and width are those of both together. By the
mean and spread of a reference of few, vectors of its own would lie nearer than any others, and a window that did not
drift would look wider. Seeded: the same samples always give the same p.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.drift.rules import permutations
from apps.drift.rules.compared import Compared

#: Numbers that are kept of each vector; longer ones are projected at random (Johnson and Lindenstrauss 1984).
MOST_DIMENSIONS = 64
_FREQUENCIES = 64
_WIDTHS = (0.5, 1.0, 2.0)  # times the usual distance
_FURTHEST = 20.0  # deviations of both samples; what is further out is as far as that
_BOUND = 1e4  # deviations of the reference, so far out that no squares become infinite
_LEAST_SPREAD = 1e-6  # of features; what is less is float32's rounding
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
        return cls(vectors.shape[1], seen.mean(axis=0), _scale(deviation))

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """float32 (n, k) of vectors (n, dimension)."""
        placed = (_projected(vectors) - self.mean) / self.deviation
        clipped: np.ndarray = np.clip(placed, -_BOUND, _BOUND).astype(np.float32)
        return clipped


def _projected(vectors: np.ndarray) -> np.ndarray:
    dimension = vectors.shape[1]
    wide = vectors.astype(np.float64)
    if dimension <= MOST_DIMENSIONS:
        return wide
    random = np.random.default_rng(_SEED).normal(size=(dimension, MOST_DIMENSIONS))
    projected: np.ndarray = wide @ (random / np.sqrt(MOST_DIMENSIONS))
    return projected


def _scale(deviation: np.ndarray) -> np.ndarray:
    """Above zero: a number that never changes counts by the spread of the others."""
    usual = float(np.sqrt(np.mean(deviation**2))) or 1.0
    return np.where(deviation > usual * 1e-3, deviation, usual)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`effect` is the distance of the means in spreads, within the kernel's space, bias taken off."""

    compared: Compared
    effect: float


def compare(reference: np.ndarray, window: np.ndarray) -> Discrepancy:
    """Of placed vectors, (m, k) and (n, k), each at least two."""
    both = _together(reference, window)
    features = _features(both, _frequencies(both))
    means = [each.mean(axis=0, dtype=np.float64) for each in np.split(features, [len(reference)])]
    distance = float(np.sum((means[0] - means[1]) ** 2))
    features -= features.mean(axis=0)
    statistic = distance / (1 / len(reference) + 1 / len(window)) ** 2
    p = permutations.chance(statistic, len(reference), permutations.of_vectors(features))
    return Discrepancy(Compared(distance, p), _effect(distance, means, (len(reference), len(window))))


def _effect(distance: float, means: Sequence[np.ndarray], counts: Sequence[int]) -> float:
    """Every feature vector is of length 1, so its sample's spread follows from the mean."""
    spreads = [max(0.0, 1 - float(mean @ mean)) for mean in means]
    bias = sum(spread / (count - 1) for spread, count in zip(spreads, counts, strict=True))
    shift, usual = max(0.0, distance - bias), sum(spreads) / 2
    return math.sqrt(shift / usual if usual > _LEAST_SPREAD else shift)


def _together(reference: np.ndarray, window: np.ndarray) -> np.ndarray:
    """float32 (m + n, k), by the mean and the spread of both."""
    both = np.concatenate([reference, window])
    both -= both.mean(axis=0, dtype=np.float64).astype(np.float32)
    both /= _scale(np.sqrt(np.mean(both**2, axis=0, dtype=np.float64))).astype(np.float32)
    return np.clip(both, -_FURTHEST, _FURTHEST, out=both)


def _frequencies(both: np.ndarray) -> np.ndarray:
    """float32 (k, F), drawn once for all: the seed is fixed, and the width is that of vectors around nought.

    Two of them are as far apart as one is from their middle, times the square root of two.
    """
    lengths = np.sqrt(np.einsum("nk,nk->n", both, both))
    usual = math.sqrt(2) * float(np.median(lengths) or lengths.mean() or 1.0)
    random = np.random.default_rng(_SEED + 1)  # not the numbers by which _projected() mixes
    widths = usual * np.resize(_WIDTHS, _FREQUENCIES)
    drawn: np.ndarray = (random.normal(size=(both.shape[1], _FREQUENCIES)) / widths).astype(np.float32)
    return drawn


def _features(vectors: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """float32 (n, 2F), each row of length 1."""
    angles = vectors @ frequencies
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.float32(np.sqrt(_FREQUENCIES))


def outlying(reference: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """float64 (n,): the squared distance of each placed vector from the middle of the placed reference."""
    return np.asarray(np.sum((vectors - reference.mean(axis=0)) ** 2, axis=1, dtype=np.float64))
