"""What is kept of one signal of the reference: enough to compare with, and bounded however long the reference was."""

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from apps.core.text import can_be_kept
from apps.drift.rules.columns import LARGEST, Column
from apps.drift.rules.embeddings import MOST_DIMENSIONS, Space
from apps.drift.rules.kinds import Kind

MOST_NUMBERS, MOST_CATEGORIES, MOST_VECTORS = 2000, 1000, 1000
#: All categories beyond the commonest MOST_CATEGORIES, and all that the reference has never seen.
OTHER = "\0other"
_SEED = 20_260_102


@dataclass(frozen=True, eq=False)
class Numbers:
    """At most 2,000 of the values, drawn without replacement, rising."""

    kind: ClassVar[Kind] = Kind.NUMBER
    count: int  # of usable values that the reference had
    values: np.ndarray  # float64 (m,)

    @classmethod
    def of(cls, column: Column) -> "Numbers":
        return cls(len(column), np.sort(_drawn(column.values, MOST_NUMBERS)))

    def as_dict(self) -> dict[str, Any]:
        return {"count": self.count, "values": self.values.tolist()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Numbers":
        """Raises KeyError, TypeError or ValueError, as do all of this file."""
        values = np.array(told["values"], np.float64)
        _require(values.ndim == 1 and bool((np.abs(values) <= LARGEST).all()), "values that are no finite numbers")
        _require(0 < len(values) <= min(MOST_NUMBERS, _count(told)), "more or fewer values than it says")
        return cls(_count(told), np.sort(values))


@dataclass(frozen=True, eq=False)
class Categories:
    """How often each category came; OTHER stands for the rarest where there were too many."""

    kind: ClassVar[Kind] = Kind.CATEGORY
    count: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, column: Column) -> "Categories":
        common = Counter(column.values.tolist()).most_common()
        counts = dict(common[:MOST_CATEGORIES])
        rest = sum(count for _, count in common[MOST_CATEGORIES:])
        return cls(len(column), counts | ({OTHER: rest} if rest else {}))

    def place(self, category: str) -> str:
        """The category, or OTHER where the reference does not know it."""
        return category if category in self.counts else OTHER

    def as_dict(self) -> dict[str, Any]:
        return {"count": self.count, "counts": dict(self.counts)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Categories":
        counts = {str(name): int(count) for name, count in told["counts"].items()}
        _require(min(counts.values(), default=0) > 0, "a count below one")
        _require(sum(counts.values()) == _count(told), "counts of another sum than it says")
        # NUL, as in OTHER, is left out where one is shown.
        _require(all(can_be_kept(name.replace("\0", "")) for name in counts), "a category with half a surrogate pair")
        return cls(_count(told), counts)


@dataclass(frozen=True, eq=False)
class Vectors:
    """At most 1,000 of the vectors, in the space where they are compared."""

    kind: ClassVar[Kind] = Kind.EMBEDDING
    count: int
    space: Space
    placed: np.ndarray  # float32 (m, k)

    @classmethod
    def of(cls, column: Column) -> "Vectors":
        space = Space.of(column.values)
        return cls(len(column), space, space.place(_drawn(column.values, MOST_VECTORS)))

    def as_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "dimension": self.space.dimension,
            "mean": self.space.mean.tolist(),
            "deviation": self.space.deviation.tolist(),
            "placed": base64.b64encode(self.placed.astype("<f4").tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Vectors":
        dimension = int(told["dimension"])
        mean, deviation = (np.array(told[name], np.float64) for name in ("mean", "deviation"))
        kept = min(dimension, MOST_DIMENSIONS)
        _require(mean.shape == deviation.shape == (kept,) and kept > 0, "a space of another dimension than it says")
        _require(bool(np.isfinite([mean, deviation]).all() and (deviation > 0).all()), "a space that is none")
        placed = np.frombuffer(base64.b64decode(told["placed"], validate=True), "<f4").reshape(-1, kept)
        _require(bool(np.isfinite(placed).all()), "vectors that are no finite numbers")
        _require(0 < len(placed) <= min(MOST_VECTORS, _count(told)), "more or fewer vectors than it says")
        return cls(_count(told), Space(dimension, mean, deviation), placed.astype(np.float32))


Reference = Numbers | Categories | Vectors
KINDS: dict[Kind, type[Numbers] | type[Categories] | type[Vectors]] = {
    each.kind: each for each in (Numbers, Categories, Vectors)
}


def _drawn(values: np.ndarray, most: int) -> np.ndarray:
    """At most so many, drawn with a fixed seed: the same reference always keeps the same."""
    if len(values) <= most:
        return values
    return np.asarray(values[np.random.default_rng(_SEED).choice(len(values), most, replace=False)])


def _count(told: Mapping[str, Any]) -> int:
    return int(told["count"])


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
