"""Whether the targets are reached. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.part import Part, Target, label
from bench.statistics import Spread, ratio, spread

#: row -> measure -> a value a round
Rows = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Verdict:
    """`found` is None where nothing was measured. `factor` is above one when there is room to spare."""

    wanted: str
    found: Spread | None
    unit: str
    reached: bool | None
    factor: float | None


def judge(part: Part, rows: Rows) -> list[Verdict]:
    """One verdict a target, in order."""
    return [_verdict(part, target, rows) for target in part.targets]


def _verdict(part: Part, target: Target, rows: Rows) -> Verdict:
    unit = "×" if target.other else part.column(target.measure).unit
    found = _found(target, rows)
    if found is None:
        return Verdict(_wanted(part, target), None, unit, None, None)
    reached = found.median >= target.bound if target.at_least else found.median <= target.bound
    return Verdict(_wanted(part, target), found, unit, reached, _factor(target, found.median))


def _found(target: Target, rows: Rows) -> Spread | None:
    ours = rows.get(target.row, {}).get(target.measure)
    if not ours:
        return None
    if target.other is None:
        return spread(ours)
    theirs = rows.get(target.other, {}).get(target.measure)
    return ratio(ours, theirs) if theirs else None


def _factor(target: Target, value: float) -> float | None:
    """How many times better than asked for; None where that is without bounds."""
    above, below = (value, target.bound) if target.at_least else (target.bound, value)
    return above / below if below > 0 else None


def _wanted(part: Part, target: Target) -> str:
    column = part.column(target.measure)
    bound = f"at {'least' if target.at_least else 'most'} {target.bound:g}"
    whose = f"{bound} × {label(target.other)}" if target.other else f"{bound} {column.unit}"
    return f"{label(target.row)}, {column.title}: {whose}"
