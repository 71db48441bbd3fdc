"""PostgreSQL, Valkey and one of Quartet's processes on its own, each of which can be killed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from redis import Redis

from controlplane.embedded.servers import servers

ROOT = Path(__file__).parents[2]


class Installation:
    """Embedded servers at `addresses`, with their status in `home`, and the process `name`."""

    name: str

    def __init__(self, home: Path, addresses: dict[str, str]) -> None:
        self.home = home
        self.addresses = addresses
        self.environment = os.environ | addresses | {"QUARTET_HOME": str(home), "QUARTET_DATABASE_POOL": "True"}
        self.valkey = Redis.from_url(addresses["REDIS_URL"])
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=self.environment, cwd=ROOT, check=True)
        self.start()

    @classmethod
    @contextmanager
    def installed(cls) -> Iterator[Self]:
        """One of its own, ended afterwards."""
        with tempfile.TemporaryDirectory(prefix=f"quartet-{cls.name}-") as above:
            Path(above).chmod(0o711)
            with servers(Path(above) / "home", {}) as addresses:
                installation = cls(Path(above) / "home", addresses)
                try:
                    yield installation
                finally:
                    installation.end()

    def start(self) -> None:
        """Start the process."""
        command = [sys.executable, "-m", "controlplane.process", self.name]
        self.process = subprocess.Popen(command, env=self.environment, cwd=ROOT)

    def kill(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.wait()

    def pid(self, server: str) -> int:
        """The process id of "postgres" or "valkey"."""
        rows = json.loads((self.home / "run" / "status.json").read_text())["processes"]
        return next(int(row["pid"]) for row in rows if row["name"] == server)

    def kill_server(self, server: str) -> None:
        """Kill a server as the kernel would; its supervisor starts it again."""
        os.kill(self.pid(server), signal.SIGKILL)

    def end(self) -> None:
        """End the process, which must do so by itself."""
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0
        self.valkey.close()
