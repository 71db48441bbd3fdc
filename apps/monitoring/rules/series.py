"""Windows as the lines of charts: one value a window, None where it is not known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.monitoring.rules import WINDOW_SECONDS
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.histograms import percentile
from apps.monitoring.rules.present import Present, share

Line = list[float | None]


@dataclass(frozen=True, slots=True)
class Series:
    """`at` holds the windows' starts in unix seconds; every line is as long. Units as in `Present`."""

    at: list[int]
    p50: Line
    p95: Line
    p99: Line
    failed: Line
    refused: Line
    rates: dict[int, Line] = field(default_factory=dict)
    inputs: dict[str, Line] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON for a page; revisions become text keys."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "rates": {str(revision): line for revision, line in self.rates.items()}
        }


def starts(now: float, minutes: int) -> list[int]:
    """Starts of the windows of the last `minutes`, the filling one last, in unix seconds."""
    last = int(now // WINDOW_SECONDS) * WINDOW_SECONDS
    count = minutes * 60 // WINDOW_SECONDS
    return [last - WINDOW_SECONDS * back for back in reversed(range(count))]


def series(at: list[int], windows: Mapping[int, Mapping[int, Counts]], heard: Collection[int]) -> Series:
    """Lines over the windows starting `at`, from {start: {revision: counts}}.

    A window in `heard` without counts had no requests: its rate is 0 and its latency unknown. Any other is a gap.
    """
    sums = [total(windows.get(start, {}).values()) if start in heard else None for start in at]
    revisions = sorted({revision for by_revision in windows.values() for revision in by_revision})
    names = sorted({name for each in sums if each for name in each.inputs})
    return Series(
        at=at,
        p50=_percentiles(sums, 0.50),
        p95=_percentiles(sums, 0.95),
        p99=_percentiles(sums, 0.99),
        failed=[share(each.failed, each.requests) if each else None for each in sums],
        refused=[share(each.refused, each.requests) if each else None for each in sums],
        rates={revision: _rates(at, windows, heard, revision) for revision in revisions},
        inputs={name: [each.inputs.get(name, 0) / WINDOW_SECONDS if each else None for each in sums] for name in names},
    )


def with_present(lines: Series, numbers: Present) -> Series:
    """The series with its last window, which is still filling, shown by the present numbers instead."""

    def ended(line: Line, value: float | None) -> Line:
        return [*line[:-1], value]

    def each(group: Mapping[Any, Line], values: Mapping[Any, float] | None) -> dict[Any, Line]:
        absent: Line = [None] * len(lines.at)
        none = None if numbers.rate is None else 0.0
        found = values or {}
        return {key: ended(group.get(key, absent), found.get(key, none)) for key in sorted(group.keys() | found.keys())}

    return Series(
        at=lines.at,
        p50=ended(lines.p50, numbers.p50),
        p95=ended(lines.p95, numbers.p95),
        p99=ended(lines.p99, numbers.p99),
        failed=ended(lines.failed, numbers.failed),
        refused=ended(lines.refused, numbers.refused),
        rates=each(lines.rates, numbers.rates),
        inputs=each(lines.inputs, numbers.inputs),
    )


def _percentiles(sums: list[Counts | None], share_within: float) -> Line:
    return [percentile(each.latency, share_within) if each else None for each in sums]


def _rates(at: list[int], windows: Mapping[int, Mapping[int, Counts]], heard: Collection[int], revision: int) -> Line:
    none = Counts()
    return [
        windows.get(start, {}).get(revision, none).requests / WINDOW_SECONDS if start in heard else None for start in at
    ]
