"""What is counted since the beginning, for Prometheus: flat numbers by name, which add up and never go down.

requests, samples, seconds        answered with outputs or an error; of the answered: samples, seconds to answer
error/<code>                      requests
within/<sketch>/<bucket>          values of "latency" and of "stage/<step>" up to a bucket's upper end in ms
passed|queued|busy|batches/<stage>   requests, seconds waiting, seconds of their batches, batches
step/<step>                       seconds of their batches
"""

from collections.abc import Iterator, Mapping
from math import inf

from apps.monitoring.rules.counts import LATENCY, STAGE
from apps.monitoring.rules.entries import Row
from apps.monitoring.rules.sketches import Buckets, upper

Totals = Mapping[str, float]

#: Buckets up to whose upper ends values are told: from 0.06 ms to four minutes, each about twice the one before.
_BOUNDS = range(-140, 630, 35)
_BEYOND = "inf"


def added(one: Totals, other: Totals) -> dict[str, float]:
    """The sum by name."""
    return dict(one) | {name: one.get(name, 0) + number for name, number in other.items()}


def of_row(row: Row) -> dict[str, float]:
    """What a row adds."""
    found: dict[str, float] = {"requests": row.requests, "samples": row.samples, "seconds": row.seconds}
    found |= {f"error/{code}": count for code, count in row.errors.items()}
    for name, buckets in row.sketches.items():
        if name == LATENCY or name.startswith(STAGE):
            found = added(found, {f"within/{name}/{bound}": count for bound, count in _coarse(buckets).items()})
    for name, sums in row.stages.items():
        told = {"passed": sums.requests, "queued": sums.queued, "busy": sums.busy, "batches": sums.batches}
        found |= {f"{what}/{name}": number for what, number in told.items()}
        found = added(found, {f"step/{step}": seconds for step, seconds in sums.steps.items()})
    return found


def named(totals: Totals, kind: str) -> dict[str, float]:
    """The numbers of one kind by the name that follows it."""
    return {name.removeprefix(f"{kind}/"): number for name, number in totals.items() if name.startswith(f"{kind}/")}


def cumulative(totals: Totals, sketch: str) -> Iterator[tuple[float, float]]:
    """(upper bound in ms, values up to it) of a sketch, rising, the last bound infinite: exact, as the bounds are ends
    of the sketch's own buckets."""
    found, count = named(totals, f"within/{sketch}"), 0.0
    for bound in _BOUNDS:
        count += found.get(str(bound), 0)
        yield upper(bound), count
    yield inf, count + found.get(_BEYOND, 0)


def _coarse(buckets: Buckets) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, count in buckets.items():
        at = max(_BOUNDS[0], -(-key // _BOUNDS.step) * _BOUNDS.step)
        name = str(at) if at <= _BOUNDS[-1] else _BEYOND
        found[name] = found.get(name, 0) + count
    return found
