"""What a job takes and says, gathered between two heartbeats."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from apps.training.rules.limits import Taken
from apps.training.services import Report

#: Of its log.
_TAIL = 4000


@dataclass
class Watch:
    """Filled by the host's thread, emptied by the heartbeat's."""

    directory: Path
    log: Path
    seconds_before: float  # of earlier attempts
    pid: int | None = None
    data_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: dict[str, Any] = field(default_factory=dict)
    _points: list[tuple[int, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _counted: float = 0.0
    _log_size: int = -1

    def progress(self, event: dict[str, Any]) -> None:
        """What the child said."""
        with self._lock:
            self._points += [(int(step), float(loss)) for step, loss in event["points"]]
            self._told = {name: event[name] for name in ("phase", "kept_step", "device")}
            self._told["began_step"] = event.get("began_step")  # it is not said before it is known

    def report(self) -> Report:
        """Everything new. What could not be told is given back by `untold`."""
        with self._lock:
            points, self._points = self._points, []
            told = dict(self._told)
        elapsed = time.monotonic() - self._began
        seconds, self._counted = elapsed - self._counted, elapsed
        step, loss = points[-1] if points else (0, None)
        now: dict[str, Any] = {"seconds": seconds, "memory_bytes": self._memory(), "log_tail": self._tail()}
        return Report(**told, **now, step=step, loss=loss, points=points)

    def untold(self, report: Report) -> None:
        """It is told with the next heartbeat."""
        with self._lock:
            self._points = [*report.points, *self._points]
        self._counted -= report.seconds
        self._log_size = -1

    def taken(self, memory_bytes: int) -> Taken:
        """For the limits."""
        return Taken(self.seconds_before + time.monotonic() - self._began, memory_bytes, self._disk())

    def _memory(self) -> int:
        """Resident bytes of the child and whatever it started."""
        total = 0
        with suppress(psutil.Error):
            if self.pid is not None:
                child = psutil.Process(self.pid)
                for process in (child, *child.children(recursive=True)):
                    with suppress(psutil.Error):
                        total += process.memory_info().rss
        return total

    def _disk(self) -> int:
        """Bytes of what it wrote, and of its samples."""
        total = self.data_bytes
        for path in self.directory.iterdir():
            if path.name != "files":
                for each in (path, *path.rglob("*")):
                    with suppress(OSError):  # it may be renamed or deleted meanwhile
                        total += each.stat().st_size if each.is_file() else 0
        return total

    def _tail(self) -> str:
        """The end of the log where it has grown, else nothing."""
        with suppress(OSError), self.log.open("rb") as file:
            size = file.seek(0, 2)
            if size != self._log_size:
                self._log_size = size
                file.seek(max(0, size - _TAIL))
                return file.read().decode(errors="replace")
        return ""
