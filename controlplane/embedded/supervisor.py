"""Starts processes in order, keeps them running, and stops them in reverse order, leaving nothing behind."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from controlplane.embedded import logs
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.files import write_whole
from controlplane.embedded.home import Home
from controlplane.embedded.interrupts import deaf
from controlplane.embedded.process import Child, Probe, Spec

#: The file descriptor of a pipe whose other end closes when the supervisor is gone, even by kill -9.
LIFELINE = "QUARTET_LIFELINE_FD"
_TRIM_EVERY_SECONDS = 60.0


#: Receives a line of progress for the person who looks on.
Say = Callable[[str], None]


def quiet(line: str) -> None:
    """Says nothing."""


class Supervisor:
    """A context manager: leaving it stops everything. What it runs can be read in the home's run/status.json."""

    def __init__(self, home: Home, say: Say = quiet) -> None:
        self.home = home
        self._say = say
        self._children: dict[str, Child] = {}
        self._started: list[list[Child]] = []
        self._status_lock = threading.Lock()
        self._closed = threading.Event()
        self._lifeline_read, self._lifeline_write = os.pipe()

    def __enter__(self) -> "Supervisor":
        threading.Thread(target=self._keep_logs_small, name="trim logs", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add(self, name: str, argv: Sequence[str], env: Mapping[str, str], ready: Probe | None = None) -> None:
        """Makes one of Quartet's own processes known. It gets a lifeline, and ends itself when that closes."""
        popen: dict[str, Any] = {"pass_fds": (self._lifeline_read,)}
        self.add_spec(Spec(name, argv, {**env, LIFELINE: str(self._lifeline_read)}, ready, popen=popen))

    def add_spec(self, spec: Spec) -> None:
        """Makes any process known; `start` starts it."""
        self._children[spec.name] = Child(spec, self.home.logs / f"{spec.name}.log", self._changed)

    def start(self, *names: str, timeout: float = 120.0) -> None:
        """Starts these together and returns when all are ready. Raises OperatorError with the last lines of the log
        of the first that ended instead, or was not ready after `timeout` seconds."""
        children = [self._children[name] for name in names]
        self._started.append(children)
        for child in children:
            child.start()
        slow_or_dead = [child for child in children if not child.wait_ready(timeout)]
        # One without a probe counts as ready at once; what it did while the others got ready is the better answer.
        for child in [*slow_or_dead, *children]:
            if child in slow_or_dead or child.ended_once:
                raise OperatorError(_failure(child, timeout))

    def stop(self) -> None:
        """Stops what was started last first, those started together at once; returns when all are gone."""
        self._closed.set()
        with deaf():
            for children in reversed(self._started):
                for child in children:
                    child.ask_to_stop()
                for child in children:
                    child.join()
            self._started.clear()
            self._close_lifeline()

    def status(self) -> list[dict[str, Any]]:
        """One row a process: name, pid (None between two runs), state, restarts, since (Unix time), exit_code,
        started (of the newest run, as psutil tells it)."""
        return [
            {
                "name": child.spec.name,
                "pid": child.pid,
                "state": child.state,
                "restarts": child.restarts,
                "since": child.since,
                "exit_code": child.exit_code,
                "started": child.started,
            }
            for child in self._children.values()
        ]

    def _changed(self, child: Child) -> None:
        if child.state == "waiting":
            self._say(f"{child.spec.name} ended with exit code {child.exit_code}; starting it again")
        # The file only informs: a full disk must not end the watch over the processes.
        with self._status_lock, suppress(OSError):
            write_whole(self.home.status, json.dumps({"supervisor": os.getpid(), "processes": self.status()}, indent=1))

    def _keep_logs_small(self) -> None:
        while not self._closed.wait(_TRIM_EVERY_SECONDS):
            for child in list(self._children.values()):
                with suppress(OSError):
                    logs.trim(child.log)

    def _close_lifeline(self) -> None:
        for descriptor in (self._lifeline_write, self._lifeline_read):
            with suppress(OSError):
                os.close(descriptor)


def run_once(home: Home, name: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Runs a step that ends by itself, its output to NAME.log; raises OperatorError with its end when it fails."""
    log = home.logs / f"{name}.log"
    with log.open("wb") as output:
        code = subprocess.run(
            list(argv), env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ).returncode
    if code != 0:
        raise OperatorError(f"`{name}` failed with exit code {code}. The end of {log}:\n{logs.tail(log)}")


def python(*arguments: str) -> list[str]:
    """A command line of this very Python."""
    return [sys.executable, *arguments]


def _failure(child: Child, timeout: float) -> str:
    ended = child.exit_code is not None or child.pid is None
    how = f"ended with exit code {child.exit_code}" if ended else f"was not ready after {timeout:.0f} seconds"
    return f"{child.spec.name} did not start: it {how}. The end of {child.log}:\n{child.last_words()}"
