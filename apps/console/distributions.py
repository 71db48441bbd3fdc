"""Small drawings of two distributions side by side: how a signal lies in the reference, and how in a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

WIDTH, HEIGHT = 200, 44
_GAP = 1.0
_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths in a box of WIDTH x HEIGHT: `reference` is filled, `window` a line, or bars where there are categories.

    `said` is the same in words; `low` and `high` stand under its ends; `changes` are categories with their shares.
    """

    reference: str
    window: str
    bars: bool
    said: str
    low: str = ""
    high: str = ""
    changes: tuple[str, ...] = ()


def drawn(told: dict[str, Any], unit: str = "") -> Drawing | None:
    """The drawing of what apps.drift.rules.distribution says; None where there is nothing to draw."""
    known, seen = told.get("reference") or [], told.get("window") or []
    if not known or len(known) != len(seen):
        return None
    top = max(*known, *seen) or 1.0
    if told["kind"] == "category":
        names = ["others" if name is None else str(name) for name in told["categories"]]
        return Drawing(*_bars(known, seen, top), True, _said(names, known, seen), changes=_changes(names, known, seen))
    edges = told["edges"]
    names = [f"{number(low)} to {number(high)}" for low, high in pairwise(edges)]
    low, high = number(edges[0]), number(edges[-1])
    return Drawing(_area(known, top), _line(seen, top), False, _said(names, known, seen), low, high)


def number(value: float) -> str:
    """Three digits that count, thousands set apart: 0.0123, 4.56, 1,230."""
    if value == 0:
        return "0"
    return (f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}").replace("-", "−")


def _steps(shares: Sequence[float], top: float) -> list[str]:
    """Corners of a stair, one step a bin, all bins as wide: the outer ones reach further than they are drawn."""
    wide = WIDTH / len(shares)
    heights = [HEIGHT - share / top * (HEIGHT - 2) for share in shares]
    return [f"{x * wide:.1f} {height:.1f}" for place, height in enumerate(heights) for x in (place, place + 1)]


def _area(shares: Sequence[float], top: float) -> str:
    return f"M0 {HEIGHT}L{'L'.join(_steps(shares, top))}L{WIDTH} {HEIGHT}Z"


def _line(shares: Sequence[float], top: float) -> str:
    return f"M{'L'.join(_steps(shares, top))}"


def _bars(known: Sequence[float], seen: Sequence[float], top: float) -> tuple[str, str]:
    """A pair of bars each, the reference's at the left."""
    wide = WIDTH / len(known)
    bar = max(1.0, (min(wide, 40) - 3 * _GAP) / 2)
    sides: list[str] = []
    for shares, offset in ((known, _GAP), (seen, bar + 2 * _GAP)):
        tall = [share / top * (HEIGHT - 2) for share in shares]
        sides.append(
            "".join(
                f"M{place * wide + offset:.1f} {HEIGHT}v{-each:.1f}h{bar:.1f}v{each:.1f}z"
                for place, each in enumerate(tall)
            )
        )
    return sides[0], sides[1]


def _said(names: Sequence[str], known: Sequence[float], seen: Sequence[float]) -> str:
    most = [names[max(range(len(shares)), key=shares.__getitem__)] for shares in (known, seen)]
    return f"Most often {most[0]} in the reference, {most[1]} in the window"


def _changes(names: Sequence[str], known: Sequence[float], seen: Sequence[float]) -> tuple[str, ...]:
    moved = sorted(zip(names, known, seen, strict=True), key=lambda each: -abs(each[1] - each[2]))
    return tuple(f"{name[:24]} {before:.0%} → {after:.0%}" for name, before, after in moved[:_CHANGES])
