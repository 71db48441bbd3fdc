"""How many predictions a second reach the database, each once, and how far behind it is."""

import time
from bisect import bisect_left

from bench import processes, recorded
from bench.part import Column, Figures, Part, Slice, Target
from bench.peers import QUARTET
from bench.statistics import percentile

#: Predictions a second that are asked for.
WANTED = 5000
_LOOK = 0.02  # seconds between looks at what is recorded
_SETTLE = 1.0


def _slices(seconds: float) -> dict[str, Slice]:
    return {QUARTET: lambda: {QUARTET: _measure(seconds)}}


def _measure(seconds: float) -> Figures:
    with recorded.recording() as plane:
        with plane.fed(None):
            time.sleep(_SETTLE)
            most = _rate(plane, seconds)
        _drained(plane)
        with plane.fed(WANTED):
            time.sleep(_SETTLE)
            steady = _rate(plane, seconds)
        _drained(plane)
    return {
        "recorded_rps": most["rps"],
        "cpu_us": most["cpu_us"],
        "busy": steady["busy"],
        "behind_ms": steady["behind_ms"],
    }


def _rate(plane: recorded.Plane, seconds: float) -> Figures:
    """What is recorded a second, what that costs, and how long a prediction is on its way."""
    pids = [pid for group in plane.pids.values() for pid in group]
    began, before, used = time.monotonic(), plane.recorded(), processes.cpu_seconds(pids)
    behind: list[float] = []
    while time.monotonic() < began + seconds:
        time.sleep(_LOOK)
        behind.append(_behind(plane, plane.recorded()))
    took, count = time.monotonic() - began, plane.recorded() - before
    cpu = processes.cpu_seconds(pids) - used
    return {
        "rps": count / took,
        "cpu_us": cpu / max(count, 1) * 1e6,
        "busy": cpu / took * 100,
        "behind_ms": percentile(behind, 99) * 1000,
    }


def _behind(plane: recorded.Plane, count: int) -> float:
    """Seconds since the first prediction was written that is not recorded yet; 0 where all are."""
    written = plane.written[:]
    next_one = bisect_left(written, count + 1, key=lambda each: each[1])
    return time.monotonic() - written[next_one][0] if next_one < len(written) else 0.0


def _drained(plane: recorded.Plane) -> None:
    """Wait until everything written is recorded; more than was written never is."""
    while plane.recorded() != plane.written[-1][1]:
        if plane.recorded() > plane.written[-1][1]:
            raise RuntimeError("more was recorded than written")
        time.sleep(_LOOK)


PART = Part(
    name="record",
    title="Record: predictions into the database",
    prose=(
        "Records as replicas write them go into the stream, and the records process brings each once into PostgreSQL. "
        "First as many as it takes; then as many a second as are asked for, to see what that costs and how long a "
        "prediction is on its way. PostgreSQL, Valkey and what writes share the machine's cores with it."
    ),
    columns=(
        Column("recorded_rps", "as many as it takes", "predictions/s"),
        Column("cpu_us", "processor a prediction, all processes", "µs"),
        Column("busy", "at the wanted rate, processor", "% of a core"),
        Column("behind_ms", "at the wanted rate, on its way, p99", "ms"),
    ),
    targets=(
        Target(QUARTET, "recorded_rps", WANTED, True),
        Target(QUARTET, "behind_ms", 2000, False),
    ),
    slices=_slices,
    chart="recorded_rps",
)
