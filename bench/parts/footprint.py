"""What Quartet takes when it serves and when it does nothing."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import bare, processes, quartet
from bench.artifacts import minilm_artifact
from bench.load import Request, warm_up
from bench.part import Column, Figures, Part, Slice, Target
from bench.place import HOME, ROOT
from bench.place import log as log_of
from bench.slices import MANY
from bench.text import body
from controlplane.embedded import ports
from controlplane.embedded.clean import delete_home
from controlplane.embedded.home import Home

_GATEWAY, _REPLICA, _BARE, _BEYOND, _IDLE = (
    "gateway",
    "replica",
    "bare",
    "replica beyond the bare model",
    "everything, idle",
)
# What follows a start for half a minute, such as first looks and a checkpoint, is not idleness.
_UP_SECONDS, _SETTLE_SECONDS, _IDLE_SECONDS, _STOP_SECONDS = 120.0, 60.0, 60.0, 90.0
_VARIANT = "fp32"
_RUNS = "Quartet runs"  # what `manage.py up` says then


def _slices(seconds: float) -> dict[str, Slice]:
    return {"memory": _memory, "idle": _idle}


def _memory() -> dict[str, Figures]:
    """MiB after a second of load, of a replica and of the bare model on full batches."""
    alone = bare.run(f"minilm-{_VARIANT}", 1).rss_mb
    with quartet.serving(minilm_artifact(_VARIANT)) as served:
        warm_up(Request(served.url, [body()], quartet.HEADERS), MANY)
        gateway, replica = (processes.resident_mb(served.pids[name]) for name in (_GATEWAY, _REPLICA))
    found = {_GATEWAY: gateway, _BARE: alone, _REPLICA: replica, _BEYOND: replica - alone}
    return {row: {"memory_mb": value} for row, value in found.items()}


def _idle() -> dict[str, Figures]:
    """Share of one core that `manage.py up` takes with nothing to do, in all and of each process."""
    with _up() as process:
        time.sleep(_SETTLE_SECONDS)
        parts = {_IDLE: process.pid} | {f"idle: {name}": pid for name, pid in _supervised().items()}
        before = {row: _used(pid) for row, pid in parts.items()}
        began = time.monotonic()
        time.sleep(_IDLE_SECONDS)
        took = time.monotonic() - began
        return {
            row: {"cpu_percent": (_used(pid) - before[row]) / took * 100, "memory_mb": _resident(pid)}
            for row, pid in parts.items()
        }


def _used(pid: int) -> float:
    return processes.cpu_seconds(processes.family(pid))


def _resident(pid: int) -> float:
    return sum(processes.resident_mb(each) for each in processes.family(pid))


def _supervised() -> dict[str, int]:
    told = json.loads(Home(HOME).status.read_text())["processes"]
    return {each["name"]: each["pid"] for each in told if each["pid"]}


@contextmanager
def _up() -> Iterator["subprocess.Popen[bytes]"]:
    delete_home(HOME)  # what another part deployed there is not idle
    log = log_of("up")
    with log.open("wb") as file:
        command = [sys.executable, "-u", str(ROOT / "manage.py"), "up"]
        process = processes.start(command, _environ(), file)
    try:
        processes.wait_until(lambda: _RUNS in _said(log), process, _UP_SECONDS, log)
        yield process
    finally:
        processes.end(process, _STOP_SECONDS)


def _environ() -> dict[str, str]:
    where = {"QUARTET_HOME": str(HOME), "QUARTET_BIND": "127.0.0.1"}
    return where | {"QUARTET_PORT": str(ports.choose()), "QUARTET_GATEWAY_PORT": str(ports.choose())}


def _said(log: Path) -> str:
    return log.read_text(errors="replace")


PART = Part(
    name="footprint",
    title="Footprint",
    prose=(
        "Resident memory after a second of load on all-MiniLM-L6-v2, beside a process that runs the same model alone; "
        "and what the whole of `manage.py up` takes while nobody asks it anything. Memory that processes share is "
        "counted in each of them."
    ),
    columns=(
        Column("memory_mb", "memory", "MiB", 1),
        Column("cpu_percent", "processor", "% of a core", 2),
    ),
    targets=(
        Target(_GATEWAY, "memory_mb", 120, False),
        Target(_BEYOND, "memory_mb", 60, False),
        Target(_IDLE, "cpu_percent", 3, False),
    ),
    slices=_slices,
    chart="cpu_percent",
    most_rounds=2,
)
