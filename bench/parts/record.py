"""How many predictions a second reach the database, each once, and how far behind it is."""

import time
from bisect import bisect_left

from bench import recorded
from bench.part import Column, Figures, Part, Slice, Target
from bench.peers import QUARTET
from bench.slices import once
from bench.statistics import percentile

#: Predictions a second that are asked for, and the share of them that must be recorded in a second.
WANTED, _SHARE = 5000, 0.98
_MINUTE = f"for a minute/{QUARTET}"
_MINUTE_SECONDS = 60.0
_ROWS = 200_000  # that are in the tables before it
_LOOK = 0.02  # seconds between looks at what is recorded
_SETTLE = 1.0
_BEHIND_MS = 2000


def _slices(seconds: float) -> dict[str, Slice]:
    return {QUARTET: lambda: {QUARTET: _measure(seconds)}, _MINUTE: once(lambda: {_MINUTE: _minute()})}


def _measure(seconds: float) -> Figures:
    with recorded.recording() as plane:
        with plane.fed(None):
            time.sleep(_SETTLE)
            most = _rate(plane, seconds)
        plane.drained()
        return {"recorded_rps": most["steady_rps"], "cpu_us": most["cpu_us"]} | _steady(plane, seconds, keeps=False)


def _minute() -> Figures:
    with recorded.recording() as plane:
        with plane.fed(None):
            while plane.written[-1][1] < _ROWS:
                time.sleep(_LOOK)
        plane.drained()
        before = {"rows_before": float(plane.found().rows)}
        steady = _steady(plane, _MINUTE_SECONDS, keeps=True)
        return steady | before | {"kept": float(plane.found().kept)}


def _steady(plane: recorded.Plane, seconds: float, keeps: bool) -> Figures:
    """At the wanted rate. Raises Unavailable unless all that was written is there in the end, each once."""
    with plane.fed(WANTED, keeps):
        time.sleep(_SETTLE)
        figures = _rate(plane, seconds)
    after = {"after_s": plane.drained()}
    return {name: figures[name] for name in ("steady_rps", "busy", "behind_ms")} | after


def _rate(plane: recorded.Plane, seconds: float) -> Figures:
    """What is recorded a second, what that costs, and how long a prediction is on its way."""
    began, before, used = time.monotonic(), plane.recorded(), plane.cpu_seconds()
    behind: list[float] = []
    while time.monotonic() < began + seconds:
        time.sleep(_LOOK)
        behind.append(_behind(plane, plane.recorded()))
    took, count = time.monotonic() - began, plane.recorded() - before
    cpu = plane.cpu_seconds() - used
    return {
        "steady_rps": count / took,
        "cpu_us": cpu / max(count, 1) * 1e6,
        "busy": cpu / took * 100,
        "behind_ms": percentile(behind, 99) * 1000,
    }


def _behind(plane: recorded.Plane, count: int) -> float:
    """Seconds since the first prediction was written that is not recorded yet; 0 where all are."""
    written = plane.written[:]
    next_one = bisect_left(written, count + 1, key=lambda each: each[1])
    return time.monotonic() - written[next_one][0] if next_one < len(written) else 0.0


PART = Part(
    name="record",
    title="Record: predictions into the database",
    prose=(
        "Records as replicas write them go into the stream, and the records process brings each once into PostgreSQL. "
        "First as many as it takes; then as many a second as are asked for, to see whether as many are recorded, what "
        "that costs and how long a prediction is on its way. The row for a minute is measured in the first round "
        "alone: as many a second as are asked for, into tables that hold rows of that day already, and with the "
        "inputs that the default policy keeps, a small PNG of noise each, no two alike, which the same process "
        "describes and puts into the asset store; how soon all is there after the last tells whether it kept up with "
        "those as well. Nobody gives feedback meanwhile. A row has figures only if in the end all that was written is "
        "in the database, each once. PostgreSQL, Valkey and what writes share the machine's "
        "cores with it; the processor is that of the records process, PostgreSQL and Valkey."
    ),
    columns=(
        Column("recorded_rps", "as many as it takes", "predictions/s"),
        Column("cpu_us", "processor a prediction, all processes", "µs"),
        Column("steady_rps", "at the wanted rate, recorded", "predictions/s"),
        Column("busy", "at the wanted rate, processor", "% of a core"),
        Column("behind_ms", "at the wanted rate, on its way, p99", "ms"),
        Column("after_s", "all there after the last, inputs too", "s", 1),
        Column("rows_before", "rows there before"),
        Column("kept", "inputs kept"),
    ),
    targets=(
        Target(QUARTET, "recorded_rps", WANTED, True),
        Target(QUARTET, "steady_rps", _SHARE * WANTED, True),
        Target(QUARTET, "behind_ms", _BEHIND_MS, False),
        Target(_MINUTE, "steady_rps", _SHARE * WANTED, True),
        Target(_MINUTE, "behind_ms", _BEHIND_MS, False),
        Target(_MINUTE, "after_s", _BEHIND_MS / 1000, False),
    ),
    slices=_slices,
    chart="recorded_rps",
    served=False,
)
