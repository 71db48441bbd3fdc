"""The ingest process against servers of its own, each killed in the middle of traffic: every request counts once, at
every step."""

import json
import time
from collections.abc import Iterator

import psycopg
import pytest
from redis import RedisError

from tests.embedded.looking import eventually
from tests.monitoring.entries import row
from tests.workers.installation import Installation
from workers.serving.names import METRICS


class Ingesting(Installation):
    """With an ingest process, and what was written to it."""

    name = "ingest"
    written = 0

    def write(self, number: int) -> None:
        """What a gateway does: the next entries, each tried until Valkey has taken it, so perhaps twice."""
        for _ in range(number):
            self.written += 1
            # Of some time ago, so that it is rolled up while this lasts.
            moment = time.time() - 120 + self.written % 50
            entry = {"gateway": "gw-1", "seq": self.written, "from": moment - 0.5, "to": moment, "rows": [row()]}
            eventually(lambda: self._taken(json.dumps(entry)))  # noqa: B023  called at once
            time.sleep(0.005)

    def _taken(self, entry: str) -> bool:
        try:
            return bool(self.valkey.xadd(METRICS, {"m": entry}))
        except RedisError:
            return False

    def counted(self) -> set[int] | None:
        """Requests that each step knows of, and the total; None while the database is away."""
        known = [
            f"SELECT coalesce(sum(requests), 0) FROM monitoring_metricwindow WHERE deployment = 'digits' AND {which}"  # noqa: S608  three constants
            for which in ("step = 1", "(step = 10 OR step = 1 AND NOT rolled)", "(step = 60 OR NOT rolled)")
        ]
        known.append("SELECT coalesce(sum((counts->>'requests')::bigint), 0) FROM monitoring_metrictotal")
        try:
            with psycopg.connect(self.addresses["DATABASE_URL"]) as connection:
                return {int(connection.execute(query).fetchone()[0]) for query in known}  # type: ignore[index]
        except psycopg.OperationalError:
            return None

    def counts_everything(self) -> None:
        """Everything written is counted once, and stays so."""
        eventually(lambda: self.counted() == {self.written})
        self.write(5)
        eventually(lambda: self.counted() == {self.written})


@pytest.fixture(scope="module")
def installation() -> Iterator[Ingesting]:
    with Ingesting.installed() as installation:
        installation.write(20)
        installation.counts_everything()
        yield installation


def test_the_process_itself_killed(installation: Ingesting) -> None:
    installation.write(40)
    installation.kill()
    installation.write(40)
    installation.start()
    installation.counts_everything()


def test_valkey_killed(installation: Ingesting) -> None:
    installation.write(40)
    installation.kill_server("valkey")
    installation.write(40)
    installation.counts_everything()


def test_postgresql_killed(installation: Ingesting) -> None:
    installation.write(40)
    installation.kill_server("postgres")
    installation.write(40)
    installation.counts_everything()
