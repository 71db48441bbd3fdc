"""Processes that are measured: started, counted, and ended with all they started themselves.

Each carries this run's token in its environment, by which those are found that a server left behind in sessions of
their own.
"""

import os
import resource
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from bench.errors import Unavailable
from bench.place import ROOT

_TOKEN = {"BENCH_RUN": secrets.token_hex(8)}
_END_SECONDS = 15.0
_TICKS = os.sysconf("SC_CLK_TCK")
#: Nothing of the caller's servers or of an environment that is active reaches what is measured.
_DROPPED = ("DATABASE_URL", "REDIS_URL", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What a measured process sees: ours, one numerical thread, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    return kept | one | {"PYTHONPATH": str(ROOT)} | _TOKEN | dict(extra)


def start(
    command: Sequence[str | Path], extra: Mapping[str, str], log: IO[bytes], stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """A process in a session of its own, its output in `log`."""
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(extra), stdin=stdin, stdout=log, stderr=log, start_new_session=True
    )


def end(process: subprocess.Popen[bytes], patience: float = _END_SECONDS) -> None:
    """Ask it to end, and then make it."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    if process.poll() is None:
        process.kill()
        process.wait()


def end_leftovers() -> None:
    """End whatever else this run started, wherever it hides."""
    deadline = time.monotonic() + _END_SECONDS
    while (found := _marked()) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def _marked() -> list[int]:
    [(name, token)] = _TOKEN.items()
    return [pid for pid in psutil.pids() if pid != os.getpid() and f"{name}={token}".encode() in _environ(pid)]


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def wait_until(happens: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float, log: Path) -> None:
    """Wait for it; raises Unavailable when the process ends first or the time is over."""
    deadline = time.monotonic() + seconds
    while not happens():
        if process.poll() is not None:
            raise Unavailable(f"ended with {process.returncode} at its start: {_last_line(log)}")
        if time.monotonic() > deadline:
            raise Unavailable(f"did not answer within {seconds:.0f} s: {_last_line(log)}")
        time.sleep(0.1)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip(" ^~")]
    return lines[-1].strip()[:160] if lines else "it said nothing"


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    with suppress(psutil.NoSuchProcess):
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return []


def siblings(pid: int) -> list[int]:
    """A process's parent and all its descendants: a server of which one worker is known."""
    return family(psutil.Process(pid).ppid())


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time these processes have used, with that of their children that have ended."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(each) for each in fields[11:15])


def resident_mb(pid: int) -> float:
    """MiB of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
