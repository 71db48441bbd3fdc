"""A reference profile and a window's samples as tables that Evidently takes, bounded however large the two are.

A profile keeps each signal by itself, so the cells of a row of the reference do not belong to one sample. Evidently
looks at one column at a time, but for embeddings, which have tables of their own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from apps.drift.rules.columns import Column, column, lacking
from apps.drift.rules.kinds import Kind, Sample, is_missing
from apps.drift.rules.profile import ReferenceProfile
from apps.drift.rules.reference import OTHER, Categories, Numbers, Reference, Vectors

#: Evidently takes 1 s for 16 columns of 1,000 rows, and 2 to 4 s for an embedding of 250 and 250 vectors.
MOST_ROWS, MOST_COLUMNS, MOST_VECTORS, MOST_EMBEDDINGS = 1000, 60, 250, 4
#: Numbers of an embedding: the directions in which the reference spreads most.
COMPONENTS = 16
#: Values that both sides must have: with fewer a picture of a distribution is none.
_LEAST = 10
#: Categories told apart; a bar each.
_MOST_CATEGORIES = 30
_OTHERS = "(others)"
_LETTERS = 60
#: Evidently writes names and categories into a script as they are, and callers choose them: "</script>" would end it.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "&": "+", "\u2028": " ", "\u2029": " ", "\0": " "})
_SEED = 20_260_103


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tables of the same columns, a name and a kind each."""

    reference: pd.DataFrame
    window: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Frames:
    """`kinds` of the columns and `embeddings`, by the harmless name; `signals` tells which signal it stands for.

    `left_out` are signals that Evidently is not shown, each with the reason.
    """

    columns: Pair
    kinds: Mapping[str, Kind]
    embeddings: Mapping[str, Pair]
    signals: Mapping[str, str]
    left_out: Mapping[str, str]


def frames(profile: ReferenceProfile, samples: Sequence[Sample]) -> Frames:
    """Of each signal of the profile at most MOST_ROWS values, the others left out with a word."""
    random = np.random.default_rng(_SEED)
    columns: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    embeddings: dict[str, Pair] = {}
    kinds, signals, left_out = {}, {}, {}
    for signal, reference in profile.signals.items():
        seen, name = _seen(samples, signal, reference), harmless(signal)
        many = len(embeddings) >= MOST_EMBEDDINGS if isinstance(reference, Vectors) else len(columns) >= MOST_COLUMNS
        if reason := _refusal(reference, seen, many or name in signals):
            left_out[signal] = reason
            continue
        signals[name] = signal
        if isinstance(reference, Vectors):
            embeddings[name] = _embedding(name, reference, seen, random)
        else:
            kinds[name] = reference.kind
            columns[name] = _drawn(_known(reference), random), _drawn(_told(reference, seen), random)
    sides = [pd.DataFrame({name: pd.Series(pair[side]) for name, pair in columns.items()}) for side in (0, 1)]
    return Frames(Pair(*sides), kinds, embeddings, signals, left_out)


def harmless(text: str) -> str:
    """The text as it may be shown: short, and no markup."""
    return text[:_LETTERS].translate(_HARMLESS)


def _seen(samples: Sequence[Sample], name: str, reference: Reference) -> Column:
    if is_missing(name):
        return lacking(samples, name.partition(".")[0])
    return column(samples, name, reference.kind, reference.space.dimension if isinstance(reference, Vectors) else None)


def _refusal(reference: Reference, seen: Column, many: bool) -> str:
    if reference.count < _LEAST:
        return f"the reference has {reference.count} values"
    if len(seen) < _LEAST:
        return f"the window has {len(seen)} values"
    return "there are more signals than one report shows" if many else ""


def _known(reference: Reference) -> np.ndarray[Any, Any]:
    if isinstance(reference, Numbers):
        return reference.values
    assert isinstance(reference, Categories)
    told = _common(reference)
    counts: Counter[str] = Counter()
    for name, count in reference.counts.items():
        counts[harmless(name) if name in told else _OTHERS] += count
    total = sum(counts.values())
    # In proportion: what was counted may be a million, and a table of them is not needed to tell shares.
    scale = min(1.0, MOST_ROWS / total)
    return np.repeat(np.array([*counts], object), [max(1, round(count * scale)) for count in counts.values()])


def _told(reference: Reference, seen: Column) -> np.ndarray[Any, Any]:
    if not isinstance(reference, Categories):
        return seen.values
    told = _common(reference)
    return np.array([harmless(each) if each in told else _OTHERS for each in seen.values], object)


def _common(reference: Categories) -> set[str]:
    return {name for name, _ in Counter(reference.counts).most_common(_MOST_CATEGORIES) if name != OTHER}


def _drawn(values: np.ndarray[Any, Any], random: np.random.Generator, most: int = MOST_ROWS) -> np.ndarray[Any, Any]:
    """At most so many, without replacement and in no order."""
    drawn: np.ndarray[Any, Any] = random.permutation(values)[:most]
    return drawn


def _embedding(name: str, reference: Vectors, seen: Column, random: np.random.Generator) -> Pair:
    """As the components of the reference: Evidently's time grows with the numbers of a vector."""
    known, placed = reference.placed, reference.space.place(_drawn(seen.values, random, MOST_VECTORS))
    middle = known.mean(axis=0)
    axes = np.linalg.svd(known - middle, full_matrices=False)[2][:COMPONENTS]
    names = component_names(name, len(axes))
    known = _drawn(known, random, MOST_VECTORS)
    return Pair(*(pd.DataFrame((each - middle) @ axes.T, columns=names) for each in (known, placed)))


def component_names(name: str, count: int) -> list[str]:
    """What the columns of an embedding's table are called."""
    return [f"{name} {place + 1}" for place in range(count)]
