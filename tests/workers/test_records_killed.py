"""The records process against servers of its own, each killed or away under traffic: each prediction once."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis, RedisError

from controlplane.embedded.servers import servers
from tests.embedded.looking import eventually
from tests.workers.written import said
from workers.serving import names, record, spool
from workers.serving.spool import Spool
from workers.stream_reader import GROUP

ROOT = Path(__file__).parents[2]


class Installation:
    """PostgreSQL, Valkey and one records process that can be killed."""

    def __init__(self, home: Path, addresses: dict[str, str]) -> None:
        self.home = home
        self.addresses = addresses
        self.environment = os.environ | addresses | {"QUARTET_HOME": str(home), "QUARTET_DATABASE_POOL": "True"}
        self.valkey = Redis.from_url(addresses["REDIS_URL"])
        self.written: set[str] = set()
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=self.environment, cwd=ROOT, check=True)
        self.start()

    def start(self) -> None:
        """Start the records process."""
        command = [sys.executable, "-m", "controlplane.process", "records"]
        self.process = subprocess.Popen(command, env=self.environment, cwd=ROOT)

    def kill(self) -> None:
        """Kill the records process."""
        self.process.kill()
        self.process.wait()

    def pid(self, name: str) -> int:
        rows = json.loads((self.home / "run" / "status.json").read_text())["processes"]
        return next(int(row["pid"]) for row in rows if row["name"] == name)

    def kill_server(self, name: str) -> None:
        """Kill a server as the kernel would; its supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """The server is killed as often as it comes back."""
        over = threading.Event()

        def keep_down() -> None:
            while not over.wait(0.02):
                try:
                    self.kill_server(name)
                except (ProcessLookupError, StopIteration, TypeError, ValueError, OSError):
                    continue  # it is down just now

        thread = threading.Thread(target=keep_down)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def write(self, number: int) -> None:
        """What replicas do: batches of two, each tried until Valkey has taken it, so perhaps twice."""
        for _ in range(number):
            batch = [said(), said()]
            self.written |= {record.id_text(each.asked.id) for each in batch}
            eventually(lambda: self._taken(record.encode_records(batch)))  # noqa: B023  called at once

    def _taken(self, entry: bytes) -> bool:
        try:
            return bool(self.valkey.xadd(names.PREDICTIONS, {"m": entry}))
        except RedisError:
            return False

    def write_bounded(self, spool: Spool) -> int:
        """A batch of two as a replica with this spool writes it; how many of them were dropped."""
        batch = [said(), said()]
        command = spool.put(record.encode_records(batch), len(batch))
        self.valkey.execute_command(*command)
        if command[0] != "XADD":
            return len(batch)
        self.written |= {record.id_text(each.asked.id) for each in batch}
        return 0

    def dropped(self) -> int:
        """As the database has it, and /metrics shows."""
        with psycopg.connect(self.addresses["DATABASE_URL"]) as connection:
            row = connection.execute("select coalesce(sum(dropped), 0) from inference_recordtally").fetchone()
        assert row is not None
        return int(row[0])

    def rows(self) -> list[str] | None:
        """Ids of what is recorded; None while the database is away."""
        try:
            with psycopg.connect(self.addresses["DATABASE_URL"]) as connection:
                return [str(row) for (row,) in connection.execute("select id from inference_prediction")]
        except psycopg.OperationalError:
            return None

    def has_everything(self) -> bool:
        rows = self.rows()
        return rows is not None and len(rows) == len(self.written) and set(rows) == self.written

    def records_everything(self) -> None:
        """Everything written is recorded once, and stays so; nothing is left in the stream."""
        eventually(self.has_everything)
        self.write(2)
        eventually(self.has_everything)
        eventually(lambda: self.valkey.xlen(names.PREDICTIONS) == 0)

    def delivered(self) -> int:
        """Entries that were read and are not acknowledged."""
        pending: Any = self.valkey.xpending(names.PREDICTIONS, GROUP)
        return int(pending["pending"])

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0
        self.valkey.close()


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="quartet-records-") as above:
        Path(above).chmod(0o711)
        with servers(Path(above) / "home", {}) as addresses:
            installation = Installation(Path(above) / "home", addresses)
            try:
                installation.write(5)
                installation.records_everything()
                yield installation
            finally:
                installation.end()


def test_killed_between_reading_and_committing(installation: Installation) -> None:
    with psycopg.connect(installation.addresses["DATABASE_URL"]) as connection:
        connection.execute("lock table inference_prediction in exclusive mode")  # nobody else can write
        installation.write(20)
        eventually(lambda: installation.delivered() > 0)
        installation.kill()
        connection.rollback()
    assert not installation.has_everything()
    installation.start()
    installation.records_everything()


def test_killed_again_and_again_under_traffic(installation: Installation) -> None:
    for _ in range(3):
        installation.write(30)
        installation.kill()
        installation.write(5)
        installation.start()
    installation.records_everything()


def test_valkey_killed(installation: Installation) -> None:
    installation.write(20)
    installation.kill_server("valkey")
    installation.write(20)
    installation.records_everything()


def test_postgresql_away_under_traffic(installation: Installation) -> None:
    with installation.away("postgres"):
        until = time.monotonic() + 3
        while time.monotonic() < until:
            installation.write(5)
            time.sleep(0.02)
    installation.records_everything()


def test_what_does_not_fit_while_postgresql_is_away_is_counted_and_the_rest_recorded(
    installation: Installation,
) -> None:
    before = installation.dropped()
    with installation.away("postgres"):
        eventually(lambda: installation.rows() is None)
        narrow = spool.predictions(4000)
        dropped = sum(installation.write_bounded(narrow) for _ in range(200))
        assert 0 < dropped < 400
    installation.records_everything()
    eventually(lambda: installation.dropped() == before + dropped)
