"""Ends what an earlier supervisor that was killed left running. Only what is provably ours is touched."""

import json
import signal
from contextlib import suppress
from pathlib import Path

import psutil

_PATIENCE_SECONDS = 20.0
#: psutil derives a start time from the boot time, which clock corrections move by fractions of a second.
_SAME_START_SECONDS = 1.0


def stop_server(pid_file: Path, names: Path, how: signal.Signals) -> bool:
    """Ends the server whose process id is the first line of `pid_file`, when its command line names the path `names`.

    Returns whether one was running.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        ours = any(str(names) in argument for argument in process.cmdline())
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        # A dead server's file stays: PostgreSQL finds by it whether processes of its own outlived it.
        return False
    if ours:
        _end([process], how)
    else:
        # Somebody else's process got the number since; PostgreSQL would take it for a running server.
        pid_file.unlink()
    return ours


def stop_processes(status: Path) -> list[str]:
    """Ends the processes listed in an earlier run's status file that still run; returns their names."""
    found = {entry["name"]: process for entry in _entries(status) if (process := _same(entry))}
    children = [child for process in found.values() for child in _children(process)]
    _end([*found.values(), *children], signal.SIGTERM)
    return [str(name) for name in found]


def _entries(status: Path) -> list[dict[str, object]]:
    try:
        return list(json.loads(status.read_text())["processes"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []


def _same(entry: dict[str, object]) -> psutil.Process | None:
    """The process of a status entry if it is still that one, and not another that got its number since."""
    with suppress(psutil.Error, KeyError, TypeError, ValueError):
        process = psutil.Process(int(str(entry["pid"])))
        if abs(process.create_time() - float(str(entry["started"]))) < _SAME_START_SECONDS:
            return process
    return None


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return list(process.children(recursive=True))
    return []


def _end(processes: list[psutil.Process], how: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(how)
    _, alive = psutil.wait_procs(processes, timeout=_PATIENCE_SECONDS)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_PATIENCE_SECONDS)
