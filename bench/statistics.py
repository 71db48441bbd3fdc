"""Figures of several rounds: their middle, their spread, and how two servers compare. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True)
class Spread:
    """The middle of several rounds and the furthest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of them that so many percent do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours over theirs, round by round: what slows the machine for a whole round slows both.

    A server that failed later on has fewer rounds than the other: those that both have count. Theirs are above zero.
    """
    return spread([one / other for one, other in zip(ours, theirs, strict=False)])


def turn(names: Sequence[Name], round_number: int) -> list[Name]:
    """The order of one round: each round begins with the next name, so that none is always first or last."""
    at = round_number % len(names) if names else 0
    return [*names[at:], *names[:at]]
