"""One supervised child process: started, watched, started again when it ends, stopped for good."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from controlplane.embedded import logs
from controlplane.embedded.backoff import Backoff

Probe = Callable[[], bool]
_PROBE_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Spec:
    """What to run. `ready` is asked until it says True once after each start; without one, running is ready."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Probe | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    popen: Mapping[str, Any] = field(default_factory=dict)


class Child:
    """A process kept running in a session of its own, so that Ctrl-C in a terminal reaches it only through us.

    States: starting -> ready -> (ended) waiting -> starting ...; stopping -> stopped.
    """

    def __init__(self, spec: Spec, log: Path, changed: Callable[["Child"], None]) -> None:
        self.spec = spec
        self.log = log
        self.state = "stopped"
        self.restarts = 0
        self.since = time.time()
        self.exit_code: int | None = None
        #: When the newest process began, as psutil tells it: with the process id, it names one process for good.
        self.started = 0.0
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._left: list[psutil.Process] = []
        self._log_start = 0
        self._ended_log_start: int | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._was_ready = threading.Event()
        self._ended_once = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name=f"watch {spec.name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id while one runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def ended_once(self) -> bool:
        """True when it has ended since the first start, whether or not it runs again."""
        return self._ended_once.is_set()

    def start(self) -> None:
        """Starts the process and its watch; returns at once."""
        self._thread.start()

    def wait_ready(self, timeout: float) -> bool:
        """True once the first start is ready; False when it ended instead, or `timeout` seconds passed."""
        until = time.monotonic() + timeout
        while time.monotonic() < until and not self._ended_once.is_set():
            if self._was_ready.wait(_PROBE_EVERY_SECONDS):
                return True
        return self._was_ready.is_set()

    def last_words(self) -> str:
        """The end of what was written since the last process that ended began, or, before the first end, the only one.

        The one that ended says why; the next may have begun by the time anyone asks, and have said nothing yet.
        """
        return logs.tail(self.log, self._log_start if self._ended_log_start is None else self._ended_log_start)

    def ask_to_stop(self) -> None:
        """Sends the stop signal, and no more restarts; returns at once."""
        self._stopping.set()
        with self._lock:
            if self._process and self.pid:
                self._left = self._offspring()
                self._enter("stopping")
                self._process.send_signal(self.spec.stop_signal)

    def join(self) -> None:
        """Waits until the process is gone, and what it started too; kills both after the grace time."""
        if self._thread.is_alive():
            self._thread.join(self.spec.grace_seconds)
        if self._thread.is_alive():
            self._kill_group()
            self._thread.join()
        self._end_offspring()
        self._enter("stopped")

    def _keep_running(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            began = time.monotonic()
            self._run_once()
            self._ended_log_start = self._log_start
            self._ended_once.set()
            if not self._stopping.is_set():
                self._enter("waiting")
            if self._stopping.wait(backoff.after(time.monotonic() - began)):
                return
            self.restarts += 1

    def _run_once(self) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            self._process = process = self._spawn()
        if process is not None:
            self._watch_for_ready(process)
            self.exit_code = process.wait()
            # What shares its group would keep its ports and files from the next one.
            self._kill_group()

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        """Starts the process; None when the system refuses, which counts like a process that ended at once."""
        logs.trim(self.log)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            try:
                process = subprocess.Popen(
                    list(self.spec.argv),
                    env=dict(self.spec.env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **self.spec.popen,
                )
            except OSError as error:
                log.write(f"{self.spec.argv[0]} cannot be started: {error}\n".encode())
                return None
        with suppress(psutil.Error):
            self.started = psutil.Process(process.pid).create_time()
        return process

    def _watch_for_ready(self, process: subprocess.Popen[bytes]) -> None:
        self._enter("starting")
        while self.spec.ready and not self.spec.ready():
            if process.poll() is not None or self._stopping.wait(_PROBE_EVERY_SECONDS):
                return
        if process.poll() is None and not self._stopping.is_set():
            self._enter("ready")
            self._was_ready.set()

    def _offspring(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            if pid := self.pid:
                return list(psutil.Process(pid).children(recursive=True))
        return []

    def _end_offspring(self) -> None:
        _, alive = psutil.wait_procs(self._left, timeout=self.spec.grace_seconds)
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=self.spec.grace_seconds)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if self._process:
                os.killpg(self._process.pid, signal.SIGKILL)

    def _enter(self, state: str) -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
            self._changed(self)
