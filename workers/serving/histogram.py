"""Latency in log-spaced buckets, each known by its upper bound in ms, so that readers need share no code. Pure."""

from bisect import bisect_left
from collections.abc import Mapping

_RATIO = 1.09  # bounds stay under 10 % apart, after rounding too
_LOWEST, _HIGHEST = 0.1, 120_000.0  # milliseconds


def _bounds() -> tuple[float, ...]:
    bounds = [_LOWEST]
    while bounds[-1] < _HIGHEST:
        bounds.append(float(f"{bounds[-1] * _RATIO:.4g}"))
    return tuple(bounds)


#: Upper bounds in ms, rising. What is slower than the last is counted there.
BOUNDS = _bounds()
LABELS = tuple(f"{bound:g}" for bound in BOUNDS)


def label(seconds: float) -> str:
    """The upper bound in ms of the bucket this latency falls into."""
    return LABELS[min(bisect_left(BOUNDS, seconds * 1000), len(BOUNDS) - 1)]


def percentile(latency: Mapping[str, int], share: float) -> float | None:
    """The upper bound in ms under which `share` (0..1) of the counted requests lie; None without any."""
    total = sum(latency.values())
    left = share * total
    for bound, count in sorted((float(bound), count) for bound, count in latency.items()):
        left -= count
        if left <= 0 and count:
            return bound
    return None
