"""The ingest process against servers of its own, each killed in the middle of traffic: every request counts once."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from redis import Redis, RedisError

from controlplane.embedded.servers import servers
from tests.embedded.looking import eventually
from tests.monitoring.entries import row
from workers.serving.names import METRICS

ROOT = Path(__file__).parents[2]


class Installation:
    """PostgreSQL, Valkey and one ingest process that can be killed."""

    def __init__(self, home: Path, addresses: dict[str, str]) -> None:
        self.home = home
        self.addresses = addresses
        self.environment = os.environ | addresses | {"QUARTET_HOME": str(home), "QUARTET_DATABASE_POOL": "True"}
        self.valkey = Redis.from_url(addresses["REDIS_URL"])
        self.written = 0
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=self.environment, cwd=ROOT, check=True)
        self.start()

    def start(self) -> None:
        """Start the ingest process."""
        command = [sys.executable, "-m", "controlplane.process", "ingest"]
        self.process = subprocess.Popen(command, env=self.environment, cwd=ROOT)

    def kill(self, name: str) -> None:
        """Kill a server as the kernel would; its supervisor starts it again."""
        rows = json.loads((self.home / "run" / "status.json").read_text())["processes"]
        os.kill(next(row["pid"] for row in rows if row["name"] == name), signal.SIGKILL)

    def write(self, number: int) -> None:
        """What a gateway does: the next entries, each tried until Valkey has taken it, so perhaps twice."""
        for _ in range(number):
            self.written += 1
            moment = time.time()
            entry = {"gateway": "gw-1", "seq": self.written, "from": moment - 0.5, "to": moment, "rows": [row()]}
            eventually(lambda: self._taken(json.dumps(entry)))  # noqa: B023  called at once
            time.sleep(0.005)

    def _taken(self, entry: str) -> bool:
        try:
            return bool(self.valkey.xadd(METRICS, {"m": entry}))
        except RedisError:
            return False

    def counted(self) -> int | None:
        """Requests in the windows; None while the database is away."""
        try:
            with psycopg.connect(self.addresses["DATABASE_URL"]) as connection:
                query = "SELECT coalesce(sum(requests), 0) FROM monitoring_metricwindow WHERE deployment = 'digits'"
                return int(connection.execute(query).fetchone()[0])  # type: ignore[index]
        except psycopg.OperationalError:
            return None

    def counts_everything(self) -> None:
        """Everything written is counted once, and stays so."""
        eventually(lambda: self.counted() == self.written)
        self.write(5)
        eventually(lambda: self.counted() == self.written)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0
        self.valkey.close()


@contextmanager
def _installed() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="quartet-ingest-") as above:
        Path(above).chmod(0o711)
        with servers(Path(above) / "home", {}) as addresses:
            installation = Installation(Path(above) / "home", addresses)
            try:
                yield installation
            finally:
                installation.end()


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with _installed() as installation:
        installation.write(20)
        installation.counts_everything()
        yield installation


def test_the_process_itself_killed(installation: Installation) -> None:
    installation.write(40)
    installation.process.kill()
    installation.process.wait()
    installation.write(40)
    installation.start()
    installation.counts_everything()


def test_valkey_killed(installation: Installation) -> None:
    installation.write(40)
    installation.kill("valkey")
    installation.write(40)
    installation.counts_everything()


def test_postgresql_killed(installation: Installation) -> None:
    installation.write(40)
    installation.kill("postgres")
    installation.write(40)
    installation.counts_everything()
