"""The records process against servers of its own, each killed or away under traffic: each prediction once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import RedisError

from tests.embedded.looking import eventually
from tests.workers.installation import Installation
from tests.workers.written import said
from workers.serving import names, record, spool
from workers.serving.spool import Spool
from workers.stream_reader import GROUP


class Recording(Installation):
    """With a records process, and the ids of what was written to it."""

    name = "records"

    def __init__(self, home: Path, addresses: dict[str, str]) -> None:
        self.written: set[str] = set()
        super().__init__(home, addresses)

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


@pytest.fixture(scope="module")
def installation() -> Iterator[Recording]:
    with Recording.installed() as installation:
        installation.write(5)
        installation.records_everything()
        yield installation


def test_killed_between_reading_and_committing(installation: Recording) -> None:
    with psycopg.connect(installation.addresses["DATABASE_URL"]) as connection:
        connection.execute("lock table inference_prediction in exclusive mode")  # nobody else can write
        installation.write(20)
        eventually(lambda: installation.delivered() > 0)
        installation.kill()
        connection.rollback()
    assert not installation.has_everything()
    installation.start()
    installation.records_everything()


def test_killed_again_and_again_under_traffic(installation: Recording) -> None:
    for _ in range(3):
        installation.write(30)
        installation.kill()
        installation.write(5)
        installation.start()
    installation.records_everything()


def test_valkey_killed(installation: Recording) -> None:
    installation.write(20)
    installation.kill_server("valkey")
    installation.write(20)
    installation.records_everything()


def test_postgresql_away_under_traffic(installation: Recording) -> None:
    with installation.away("postgres"):
        until = time.monotonic() + 3
        while time.monotonic() < until:
            installation.write(5)
            time.sleep(0.02)
    installation.records_everything()


def test_what_does_not_fit_while_postgresql_is_away_is_counted_and_the_rest_recorded(
    installation: Recording,
) -> None:
    before = installation.dropped()
    with installation.away("postgres"):
        eventually(lambda: installation.rows() is None)
        narrow = spool.predictions(4000)
        dropped = sum(installation.write_bounded(narrow) for _ in range(200))
        assert 0 < dropped < 400
    installation.records_everything()
    eventually(lambda: installation.dropped() == before + dropped)
