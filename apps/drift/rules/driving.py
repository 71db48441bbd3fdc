"""The samples of a window that lie most outside the reference: what to look at first when something drifted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apps.drift.rules.columns import Column
from apps.drift.rules.embeddings import outlying
from apps.drift.rules.reference import Categories, Numbers, Reference, Vectors
from apps.drift.rules.wasserstein import spread

MOST = 20
_FURTHEST = 1e6  # spreads


@dataclass(frozen=True, slots=True)
class Driving:
    """`signals` holds, rarest first, the share of the reference that is at least as far out as this sample."""

    sample: str | int  # its id, or its place in the window
    score: float  # the sum of -ln of the shares (Fisher 1932); only their order means anything
    signals: Mapping[str, float]


def driving(
    drifted: Mapping[str, tuple[Reference, Column]], ids: Sequence[str] | None = None, most: int = MOST
) -> tuple[Driving, ...]:
    """The furthest first, by the signals that drifted; at most so many."""
    tails = {name: (column.places, tail(reference, column)) for name, (reference, column) in drifted.items()}
    count = max((int(places.max()) + 1 for places, _ in tails.values() if len(places)), default=0)
    scores = np.zeros(count)
    for places, shares in tails.values():
        scores[places] -= np.log(shares)
    furthest = np.argsort(-scores, kind="stable")[:most]
    return tuple(_told(int(place), float(scores[place]), tails, ids) for place in furthest)


def _told(
    place: int, score: float, tails: Mapping[str, tuple[np.ndarray, np.ndarray]], ids: Sequence[str] | None
) -> Driving:
    shares = {}
    for name, (places, values) in tails.items():
        at = int(np.searchsorted(places, place))
        if at < len(places) and places[at] == place:
            shares[name] = float(values[at])
    return Driving(ids[place] if ids else place, score, dict(sorted(shares.items(), key=lambda each: each[1])))


def tail(reference: Reference, window: Column) -> np.ndarray:
    """float64 (k,), above 0 to 1: of the reference, the share at least as far out as each of the window's values."""
    if isinstance(reference, Numbers):
        return _numbers(reference.values, window.values)
    if isinstance(reference, Categories):
        return _categories(reference, window.values)
    return _vectors(reference, window.placed(reference.space))


def _numbers(known: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Two-sided by rank; beyond the reference's ends it falls on with the distance."""
    below, above = np.searchsorted(known, seen, "right"), len(known) - np.searchsorted(known, seen, "left")
    ranked = np.minimum(1.0, (2 * np.minimum(below, above) + 1) / (len(known) + 1))
    outside = np.maximum(0, np.maximum(known[0] - seen, seen - known[-1]))
    with np.errstate(over="ignore"):  # infinite where the reference is almost one value
        beyond = outside / (spread(known) or max(1.0, abs(float(known[0]))))
    return np.asarray(ranked / (1 + np.minimum(beyond, _FURTHEST)))


def _categories(reference: Categories, seen: np.ndarray) -> np.ndarray:
    """The share of the reference in categories no commoner than the sample's."""
    counts = sorted(reference.counts.values())
    upto = np.concatenate([[0], np.cumsum(counts)])
    shares = {
        name: (upto[np.searchsorted(counts, reference.counts.get(reference.place(name), 0), "right")] + 1)
        / (reference.count + 1)
        for name in set(seen.tolist())
    }
    return np.array([shares[name] for name in seen.tolist()], np.float64)


def _vectors(reference: Vectors, seen: np.ndarray) -> np.ndarray:
    known = np.sort(outlying(reference.placed, reference.placed))
    distances = outlying(reference.placed, seen)
    ranked = (len(known) - np.searchsorted(known, distances, "left") + 1) / (len(known) + 1)
    furthest = float(known[-1]) or 1.0
    return np.asarray(ranked / (1 + np.maximum(0, distances - furthest) / furthest))
