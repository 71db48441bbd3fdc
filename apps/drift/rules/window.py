"""A window of recorded predictions as samples: what the model answered, and what the inputs were like that were kept.

What an input was like is known only of those that were kept, and kept they are for two kinds of reasons. The rate
chooses by the id's last four bytes, which know nothing of the request. The others (a failure, low confidence, an input
gone missing) choose the odd ones, and a window of these would look drifted whatever came in. So of kept inputs only
those count that the rate would have kept by itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from apps.drift.rules.kinds import CONFIDENCE, PREDICTION, missing

#: Ids that the rate tells apart.
CHANCES = 1 << 32
#: Predictions of a window that are looked at, at least as many as are kept of it; drawn by the id where there are more.
LOOKED_AT = 20_000
#: Samples of them: one request may hold thousands.
SAMPLES_MOST = 200_000

#: One sample of a prediction: its id and its place in the request.
Place = tuple[UUID, int]


class Answered(NamedTuple):
    """What is recorded of one prediction."""

    id: UUID
    samples: int
    inputs: Sequence[str]
    labels: Sequence[str]
    confidences: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Window:
    """`samples` with their `places`; see ids()."""

    samples: list[dict[str, Any]]
    places: list[Place]

    def ids(self) -> list[str]:
        """Each sample's name: the prediction's id, a colon, and its place in the request."""
        return [f"{prediction}:{place}" for prediction, place in self.places]


def bound(share: float) -> int:
    """Ids whose last four bytes are below this are that share of all."""
    return min(CHANCES, math.ceil(share * CHANCES))


def shares(rate: float, most: int, predictions: int, kept: int) -> tuple[float, float]:
    """The share of a window's predictions to look at, and of those whose kept inputs are to be looked at.

    `rate` is the revision's, `most` the policy's window, `kept` how many of the window's `predictions` the rate keeps.
    The second is a part of the first: both are drawn by the same bytes of the id.
    """
    content = rate if kept <= most else min(rate, most / predictions)
    return min(1.0, max(content, max(LOOKED_AT, most) / max(1, predictions))), content


def assembled(
    answered: Iterable[Answered],
    kept: Mapping[Place, Mapping[str, Any]],
    modalities: Iterable[str],
    extra: Mapping[Place, Mapping[str, Any]] | None = None,
) -> Window:
    """One sample for each of each prediction's. `kept` holds signals by their whole names, `modalities` the inputs."""
    flags = _Flags(modalities)
    more = extra or {}
    samples, places = [], []
    for each in answered:
        came = flags.of(each.inputs)
        for number in range(each.samples):
            place = (each.id, number)
            sample = {**came, **kept.get(place, {}), **more.get(place, {}), **_own(each, number)}
            samples.append(sample)
            places.append(place)
        if len(samples) >= SAMPLES_MOST:
            break
    return Window(samples, places)


def _own(answered: Answered, number: int) -> dict[str, Any]:
    own: dict[str, Any] = {}
    if number < len(answered.labels):
        own[PREDICTION] = answered.labels[number]
    if number < len(answered.confidences) and (confidence := answered.confidences[number]) is not None:
        own[CONFIDENCE] = float(f"{confidence:.6g}")  # as profiles have it, so that equal values are equal
    return own


class _Flags:
    """Of the inputs that a request brought: that they are not missing, though nothing more may be known of them."""

    def __init__(self, modalities: Iterable[str]) -> None:
        self._known = frozenset(modalities)
        self._found: dict[tuple[str, ...], dict[str, str]] = {}

    def of(self, inputs: Sequence[str]) -> dict[str, str]:
        key = tuple(inputs)
        if key not in self._found:
            self._found[key] = {missing(name): "no" for name in key if name in self._known}
        return self._found[key]
