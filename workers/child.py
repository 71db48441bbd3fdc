"""One child process: its orders go in by stdin and signals, its events come out as JSON lines, the rest is its log.

The child sees its stdin close when this process dies, however it dies, and ends itself: no orphans are left.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

#: A child runs publishers' code: of this process's environment it gets these and no secrets.
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_PASSED_STARTS = ("LC_", "PYTHON", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "TORCH_")

#: A log that grows past this is cut to its last part.
_LOG_MOST, _LOG_KEPT = 4 * 1024**2, 1024**2
#: Logs of earlier children that are kept beside it.
_LOGS_KEPT = 100
#: The longest event, in bytes.
_LINE_MOST = 64 * 1024
#: Seconds that reading what an ended child said may take.
_READ_SECONDS = 5.0
#: Lines of its log that tell why a child ended.
_LAST_LINES = 12


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What a child may know of this process's environment, with `extra`."""
    passed = {k: v for k, v in os.environ.items() if k in _PASSED or k.startswith(_PASSED_STARTS)}
    return {**passed, **extra}


class Child:
    """A process in a session of its own. `spec` is written to its stdin as one JSON line; stdin then stays open."""

    def __init__(
        self, command: Sequence[str], spec: Mapping[str, Any], *, log: Path, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        _prune(log.parent)
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
            )
        self._events: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name=f"child-{self.pid}-out", daemon=True)
        self._reader.start()
        # A long spec fills the pipe; a child that never reads it must not hold up its host.
        threading.Thread(target=self._write, args=(spec,), name=f"child-{self.pid}-in", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> bool:
        """Whether it has ended and everything that it said was read."""
        if self._process.poll() is None:
            return False
        self.kill()  # what it started may hold its output open
        self._reader.join(_READ_SECONDS)
        return self._events.empty()

    def event(self, seconds: float) -> dict[str, Any] | None:
        """The next event; None after `seconds` without one, and at once when the child ends."""
        try:
            return self._events.get(timeout=seconds) or None
        except Empty:
            return None

    def terminate(self) -> None:
        """Ask it to drain and end."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and whatever it started, without asking."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it if it still runs, with whatever it started, and give its pipes back."""
        self.kill()
        self._process.wait()
        self._reader.join(_READ_SECONDS)
        _close(self._process.stdin)
        if not self._reader.is_alive():
            _close(self._process.stdout)

    def how_it_ended(self) -> str:
        """As a sentence: exit code or signal, with the last lines of its log."""
        code = self._process.wait()
        how = f"exited with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:
            how += " (by somebody, or by the kernel for want of memory)"
        last = self.last_lines()
        return f"Its process {how}." + (f" It last wrote:\n{last}" if last else "")

    def last_lines(self) -> str:
        """The end of its log; nothing where somebody took the log away."""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]).strip()
        return ""

    def bound_log(self) -> None:
        """Mark its log as in use, and cut one that has grown too long; the child appends, so it goes on at the end.

        A disk that is full or a log that was taken away is no reason to end the child.
        """
        with suppress(OSError):
            os.utime(self._log)
            if self._log.stat().st_size > _LOG_MOST:
                self._cut_log()

    def _cut_log(self) -> None:
        with self._log.open("r+b") as log:
            log.seek(-_LOG_KEPT, os.SEEK_END)
            kept = log.read()
            log.truncate(0)
        with self._log.open("ab") as log:
            log.write(b"[earlier lines were dropped]\n" + kept)

    def _write(self, spec: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already, which its exit code tells better
            self._process.stdin.write(json.dumps(spec).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        for line in iter(lambda: self._process.stdout.readline(_LINE_MOST), b""):  # type: ignore[union-attr]
            event = _parsed(line)
            if event:
                self._events.put(event)
        self._process.wait()
        self._events.put({})  # wakes whoever waits for the next event


def _parsed(line: bytes) -> dict[str, Any]:
    """The event in a line of output, or nothing: a library that prints there must not end its replica."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else {}


def _prune(directory: Path) -> None:
    logs = sorted(directory.glob("*.log"), key=lambda path: path.stat().st_mtime)
    for path in logs[:-_LOGS_KEPT]:
        path.unlink(missing_ok=True)


def _close(pipe: Any) -> None:
    with suppress(BrokenPipeError):
        pipe.close()
