"""Windows as the lines of charts: one value a window, None where it is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from apps.monitoring.rules.counts import Counts
from apps.monitoring.rules.figures import OTHERS, RATES, SINGLE, Figures, figures

Line = list[float | None]


class Range(NamedTuple):
    """A stretch of time up to now and the steps of its charts, both in seconds; steps are whole windows."""

    length: int
    step: int


#: What a deployment's page may show.
RANGES = {"15m": Range(900, 10), "1h": Range(3600, 10), "24h": Range(86_400, 300)}
USUAL_RANGE = "1h"


@dataclass(frozen=True, slots=True)
class Series:
    """`at` holds the windows' starts in unix seconds; every line is as long. Names and units as in `Figures`."""

    at: list[int]
    step: int
    lines: dict[str, Line] = field(default_factory=dict)
    groups: dict[str, dict[str, Line]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON for a page."""
        return {"at": self.at, "step": self.step, **self.lines, **self.groups}


def starts(now: float, length: int, step: int) -> list[int]:
    """Starts of the windows of the last `length` seconds, the filling one last, in unix seconds."""
    last = int(now // step) * step
    return [last - step * back for back in reversed(range(length // step))]


def shown(
    at: Sequence[int], windows: Mapping[int, Mapping[int, Counts]], heard: Mapping[int, int]
) -> list[Figures | None]:
    """The figures of each window that starts at `at`, from {start: {revision: counts}} and the seconds heard of each.

    A window in `heard` without counts had no requests: its rate is 0 and its latency unknown. Any other is a gap.
    """
    return [figures(windows.get(start, {}), heard[start]) if heard.get(start) else None for start in at]


def series(at: Sequence[int], step: int, windows: Sequence[Figures | None]) -> Series:
    """Lines of as many figures as there are starts."""
    return Series(
        at=list(at),
        step=step,
        lines={name: [getattr(each, name) if each else None for each in windows] for name in SINGLE},
        groups={name: _lines(windows, name, 0.0) for name in RATES} | {name: _lines(windows, name) for name in OTHERS},
    )


def _lines(windows: Sequence[Figures | None], group: str, absent: float | None = None) -> dict[str, Line]:
    """One for each name that any window has; `absent` is a window's value that has it not."""
    found = [getattr(each, group) if each else None for each in windows]
    names = sorted({name for each in found if each for name in each})
    return {str(name): [None if each is None else each.get(name, absent) for each in found] for name in names}
