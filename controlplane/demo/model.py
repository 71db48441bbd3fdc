"""Trains the demo's models in child processes, or takes those an earlier start left."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from controlplane.embedded.errors import OperatorError

Say = Callable[[str], None]
#: Lines of a failed training's output that are shown.
_TAIL = 15


class Training:
    """One training under way, beside whatever the demo does meanwhile; one with a parent waits for it first."""

    def __init__(
        self, directory: Path, environ: Mapping[str, str], say: Say, parent: Optional["Training"] = None
    ) -> None:
        self.directory = directory
        self._environ = environ
        self._say = say
        self._parent = parent
        self._report = directory.with_suffix(".json")
        self._lines: list[str] = []
        self._code: int | None = None
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> dict[str, Any]:
        """Wait for the end; returns the training's own report: directory, accuracy, seconds, dataset, code, parent."""
        self._thread.join()
        if not self._report.exists():
            raise OperatorError("Training the demo's model failed:\n" + "\n".join(self._lines[-_TAIL:]))
        report: dict[str, Any] = json.loads(self._report.read_text())
        return report

    def stop(self) -> None:
        """End a training that nobody waits for any more."""
        with self._lock:
            self._stopped = True
            if self._process:
                self._process.terminate()
        self._thread.join()

    def _run(self) -> None:
        if self._report.exists():
            return
        if self._parent:
            with suppress(OperatorError):  # whoever waits for the parent says so
                self._parent.result()
        # Without its report a directory is what a killed training left.
        shutil.rmtree(self.directory, ignore_errors=True)
        if process := self._start():
            self._read(process)
            if process.wait() == 0:
                self._report.write_text(self._lines[-1])

    def _start(self) -> subprocess.Popen[str] | None:
        arguments = ["--out", str(self.directory), "--cache", str(self.directory.with_name("cache"))]
        if self._parent:
            arguments += ["--from", str(self._parent.directory), "--seed", "1"]
        command = [
            sys.executable,
            "-m",
            "workers.training.digits_av",
            *arguments,
            "--threads",
            "1",
            "--progress",
            "json",
        ]
        with self._lock:
            if not self._stopped:
                self._process = subprocess.Popen(
                    command,
                    env=dict(self._environ),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,  # Ctrl-C at the terminal is for the demo, which then ends its training
                )
            return self._process

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self._lines.append(line.rstrip())
            progress = _json(line)
            if progress.get("step") and progress["step"] % 100 == 0:
                self._say(
                    f"   training the {self.directory.name} model: step {progress['step']} of {progress['steps']}"
                )


def _json(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
