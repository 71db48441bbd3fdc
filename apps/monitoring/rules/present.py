"""The present numbers: what the last ten seconds look like from a window that is still filling."""

from dataclasses import dataclass

from apps.monitoring.rules import WINDOW_SECONDS
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.histograms import percentile


@dataclass(frozen=True, slots=True)
class Present:
    """Rates in requests a second, latencies in milliseconds, shares from 0 to 1; None is unknown, never zero."""

    rate: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    failed: float | None = None
    refused: float | None = None
    rates: dict[int, float] | None = None
    inputs: dict[str, float] | None = None


def sliding(filling: float, previous: float, elapsed: float) -> float:
    """A count over the last window's length: all of the filling window and the part of the previous it still covers."""
    return filling + previous * max(0.0, 1 - elapsed / WINDOW_SECONDS)


def present(filling: dict[int, Counts], previous: dict[int, Counts], elapsed: float) -> Present:
    """The numbers `elapsed` seconds into the filling window; both windows by revision, both heard."""
    now, before = total(filling.values()), total(previous.values())
    latency = total([now, before]).latency
    requests = sliding(now.requests, before.requests, elapsed)
    return Present(
        rate=requests / WINDOW_SECONDS,
        p50=percentile(latency, 0.50),
        p95=percentile(latency, 0.95),
        p99=percentile(latency, 0.99),
        failed=share(sliding(now.failed, before.failed, elapsed), requests),
        refused=share(sliding(now.refused, before.refused, elapsed), requests),
        rates={
            revision: _rate(filling.get(revision), previous.get(revision), elapsed)
            for revision in sorted(filling.keys() | previous.keys())
        },
        inputs={
            name: sliding(now.inputs.get(name, 0), before.inputs.get(name, 0), elapsed) / WINDOW_SECONDS
            for name in sorted(now.inputs.keys() | before.inputs.keys())
        },
    )


def share(part: float, whole: float) -> float | None:
    """part / whole, or None where there is nothing to be a part of."""
    return part / whole if whole > 0 else None


def _rate(filling: Counts | None, previous: Counts | None, elapsed: float) -> float:
    requests = [each.requests if each else 0 for each in (filling, previous)]
    return sliding(requests[0], requests[1], elapsed) / WINDOW_SECONDS
