"""One signal of many samples as an array, with the places of those that have it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import is_
from typing import Any

import numpy as np

from apps.drift.rules.embeddings import Space
from apps.drift.rules.kinds import PREDICTION, Kind, Sample, has_input, kind_of

#: Beyond it a number counts as not finite: its square would not be.
LARGEST = 1e100


@dataclass(frozen=True, eq=False)
class Column:
    """k usable values. `wrong` counts those that are there but are of another kind or shape, or no finite numbers."""

    values: np.ndarray  # float64 (k,), str objects (k,) or float32 (k, d)
    places: np.ndarray  # int64 (k,): which sample each is of
    wrong: int
    _placed: dict[Space, np.ndarray] = field(default_factory=dict, repr=False)

    def placed(self, space: Space) -> np.ndarray:
        """float32 (k, ...): embeddings where they are compared; worked out once, as several ask."""
        if space not in self._placed:
            self._placed[space] = space.place(self.values)
        return self._placed[space]

    def __len__(self) -> int:
        return len(self.places)


def column(samples: Sequence[Sample], name: str, kind: Kind, dimension: int | None = None) -> Column:
    """The signal as values of this kind; embeddings have `dimension` numbers, by default as many as the first one."""
    raw = [sample.get(name) for sample in samples]
    if kind is Kind.NUMBER:
        return _numbers(raw)
    return _categories(raw) if kind is Kind.CATEGORY else _embeddings(raw, dimension)


def kind_in(samples: Sequence[Sample], name: str) -> Kind | None:
    """The kind of the first value that has one."""
    first = next((value for sample in samples if kind_of(value := sample.get(name))), None)
    if name == PREDICTION and isinstance(first, int | np.integer):  # a class told by its place, not an amount
        return Kind.CATEGORY
    return kind_of(first)


def lacking(samples: Sequence[Sample], name: str) -> Column:
    """Of every sample "yes" or "no": whether it lacks the input."""
    values = np.array(["no" if has_input(sample, name) else "yes" for sample in samples], object)
    return Column(values, np.arange(len(samples)), 0)


def _numbers(raw: Sequence[Any]) -> Column:
    values = np.array([each if type(each) is float else _number(each) for each in raw], np.float64)
    return _kept(values, np.abs(values) <= LARGEST, raw)


def _number(value: Any) -> float:
    return float(value) if kind_of(value) is Kind.NUMBER else np.nan


def _categories(raw: Sequence[Any]) -> Column:
    usable = [each if type(each) is str else _category(each) for each in raw]
    values = np.array(usable, object)
    return _kept(values, np.array([each is not None for each in usable], bool), raw)


def _category(value: Any) -> str | None:
    """Text as it is, true and false in words. A whole number may be a class, too: a label by its place."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str | int | np.integer):
        return str(value)
    return None


def _embeddings(raw: Sequence[Any], dimension: int | None) -> Column:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is left out as such
        vectors = [_vector(each) for each in raw]
    wanted = dimension or next((len(each) for each in vectors if each is not None), 0)
    good = np.array([each is not None and len(each) == wanted for each in vectors], bool)
    kept = [each for each, usable in zip(vectors, good, strict=True) if usable and each is not None]
    values = np.stack(kept) if kept else np.zeros((0, wanted), np.float32)
    finite = np.isfinite(values).all(axis=1)
    places = np.flatnonzero(good)[finite]
    return Column(values[finite], places, _there(raw) - len(places))


def _vector(value: Any) -> np.ndarray | None:
    if type(value) is np.ndarray and value.dtype == np.float32 and value.ndim == 1 and len(value):
        return value
    if kind_of(value) is not Kind.EMBEDDING:
        return None
    try:
        vector = np.asarray(value, np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    return vector if vector.ndim == 1 and len(vector) else None


def _kept(values: np.ndarray, usable: np.ndarray, raw: Sequence[Any]) -> Column:
    places = np.flatnonzero(usable)
    return Column(values[places], places, _there(raw) - len(places))


def _there(raw: Sequence[Any]) -> int:
    return len(raw) - sum(map(is_, raw, repeat(None)))
