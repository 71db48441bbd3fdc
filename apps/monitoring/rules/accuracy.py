"""How often a model was right, as far as anybody knows: always with how much is known, and how surely.

Samples are counted, not requests: a request may hold several, and each has a label and a truth of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import NamedTuple

#: The normal distribution's 97.5 % quantile: what lies beyond it on both sides is 5 %.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Tally:
    """Samples that were answered with a label; those of them whose truth is known; and those of these that were right.

    Rates are shares from 0 to 1, and None where there is nothing to be a share of.
    """

    predictions: int = 0
    labelled: int = 0
    right: int = 0

    @property
    def accuracy(self) -> float | None:
        """The share that was right of what is labelled."""
        return self.right / self.labelled if self.labelled else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """What the accuracy of many more such labels lies within, at 95 %."""
        return wilson(self.right, self.labelled) if self.labelled else None

    @property
    def coverage(self) -> float | None:
        """The share that is labelled of what was answered."""
        return self.labelled / self.predictions if self.predictions else None


def wilson(right: int, count: int, z: float = _Z) -> tuple[float, float]:
    """The score interval of a share, at 95 % unless `z` says otherwise: `right` of `count`, which is at least 1.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22; it keeps its level for
    small counts and for shares near 0 and 1, where the usual one has no width (Brown, Cai and DasGupta 2001).
    """
    share, weight = right / count, z**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / count + weight / (4 * count)) / (1 + weight)
    # The ends are exact; by rounding they would miss 0 and 1, or the share itself, by a last digit.
    low = 0.0 if right == 0 else min(share, middle - half)
    return low, 1.0 if right == count else max(share, middle + half)


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    each = list(tallies)
    return Tally(sum(t.predictions for t in each), sum(t.labelled for t in each), sum(t.right for t in each))


class Window(NamedTuple):
    """A stretch of time up to now, and the steps of its chart; both in seconds, steps of whole minutes."""

    length: int
    step: int


WINDOWS = {"15m": Window(900, 60), "1h": Window(3600, 60), "24h": Window(86_400, 900), "7d": Window(604_800, 7200)}
USUAL = "24h"


@dataclass(frozen=True, slots=True)
class Course:
    """How it went: a tally for each step that starts `at` (unix seconds, rising), by revision."""

    at: list[int]
    step: int
    revisions: dict[int, list[Tally]] = field(default_factory=dict)

    def of(self, revision: int) -> list[Tally]:
        """One revision's; nothing but empty ones where it was not asked."""
        return self.revisions.get(revision, [Tally()] * len(self.at))

    def together(self) -> list[Tally]:
        """All revisions'."""
        return [total(line[place] for line in self.revisions.values()) for place in range(len(self.at))]


def starts(now: float, window: Window) -> list[int]:
    """Of the window's steps, in unix seconds; the last one is that of `now`, which is still filling."""
    last = int(now // window.step) * window.step
    return [last - window.step * back for back in reversed(range(window.length // window.step))]


def course(at: Sequence[int], step: int, rows: Iterable[tuple[int, int, Tally]]) -> Course:
    """Rows of (revision, start of a step, tally), each step of a revision at most once, brought into line.

    A step that no row tells of has an empty tally: its rates are unknown, not zero.
    """
    places = {start: place for place, start in enumerate(at)}
    revisions: dict[int, list[Tally]] = {}
    for revision, start, tally in rows:
        if start in places:
            revisions.setdefault(revision, [Tally()] * len(at))[places[start]] = tally
    return Course(list(at), step, dict(sorted(revisions.items())))
