"""The site that browser tests visit: a web and an ingest process on the test run's servers, restartable."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connections

from tests.embedded.looking import eventually

ROOT = Path(__file__).parents[2]


class Site:
    """Processes as `manage.py up` starts them; `url` is where pages are."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | {"DATABASE_URL": run_database(), "QUARTET_PORT": str(self.port)}
        self._environment |= {"REDIS_URL": settings.REDIS_URL, "QUARTET_LOG_LEVEL": "WARNING"}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start these processes, and wait until pages answer."""
        for name in names:
            command = [sys.executable, "-m", "controlplane.process", name]
            self._running[name] = subprocess.Popen(command, env=self._environment, cwd=ROOT)
        eventually(self._answers)

    def stop(self, *names: str) -> None:
        """End these processes."""
        for name in names:
            process = self._running.pop(name)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)

    def end(self) -> None:
        """End whatever runs."""
        self.stop(*list(self._running))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=2):
                return True
        except OSError:
            return False


def run_database() -> str:
    """The address of the run's own database."""
    parts = urlsplit(settings.DATABASE_URL)
    return urlunsplit(parts._replace(path="/" + connections["default"].settings_dict["NAME"]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
