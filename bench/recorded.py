"""The recording plane alone: PostgreSQL, Valkey and the records process; predictions are written as replicas do."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from redis import Redis

from bench import processes
from bench.place import HOME
from bench.place import log as log_of
from controlplane.embedded.servers import servers
from workers.serving import names, record

#: Predictions of one entry: what a replica under load answers in one batch.
BATCH = 8
_ENTRIES = 64  # sent to Valkey at once
_BACKLOG = 1000  # entries that wait, where as much is fed as is taken
_RECORDED = "select coalesce(sum(recorded), 0) from inference_recordtally"
_START_SECONDS = 120.0


@dataclass
class Plane:
    """A running one. `pids`: records, PostgreSQL, Valkey; each with what it started."""

    valkey: Redis
    database: "psycopg.Connection[tuple[int]]"
    pids: Mapping[str, list[int]]
    written: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])  # when, predictions so far

    def recorded(self) -> int:
        """Predictions in the database, each counted once."""
        row = self.database.execute(_RECORDED).fetchone()
        assert row
        return int(row[0])

    def write(self, predictions: int) -> None:
        """Put that many into the stream."""
        with self.valkey.pipeline(transaction=False) as entries:
            for at in range(0, predictions, BATCH):
                entries.xadd(names.PREDICTIONS, {"m": _entry(min(BATCH, predictions - at))})
            entries.execute()
        self.written.append((time.monotonic(), self.written[-1][1] + predictions))

    @contextmanager
    def fed(self, per_second: int | None) -> Iterator[None]:
        """So many predictions a second for the length of the block, or as many as are taken."""
        over = threading.Event()
        thread = threading.Thread(target=self._feed, args=(per_second, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _feed(self, per_second: int | None, over: threading.Event) -> None:
        began, sent = time.monotonic(), 0
        while not over.wait(0.01 if per_second else 0.001):
            if per_second is None:
                due = BATCH * _ENTRIES if int(self.valkey.xlen(names.PREDICTIONS)) < _BACKLOG else 0
            else:
                due = int((time.monotonic() - began) * per_second) - sent
            if due:
                self.write(due)
                sent += due


@contextmanager
def recording(home: Path = HOME) -> Iterator[Plane]:
    """Runs it, with empty tables."""
    home.mkdir(parents=True, exist_ok=True)
    with servers(home, {}) as urls, Redis.from_url(urls["REDIS_URL"]) as valkey:
        valkey.flushall()
        extra = urls | {"QUARTET_HOME": str(home), "QUARTET_SECRET_KEY": "bench" * 10}
        _set_up(extra)
        with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as database, _process(extra) as pid:
            database.execute("truncate inference_prediction, inference_recordtally")
            server = database.info.backend_pid
            pids = {
                "records": [pid],
                "postgres": processes.siblings(server),
                "valkey": [int(valkey.info()["process_id"])],
            }
            yield Plane(valkey, database, pids)


def _set_up(extra: Mapping[str, str]) -> None:
    with log_of("quartet-migrate").open("wb") as log:
        process = processes.start([sys.executable, "manage.py", "migrate", "-v0"], extra, log)
        if process.wait(_START_SECONDS):
            raise RuntimeError("the database could not be set up; see the log quartet-migrate")


@contextmanager
def _process(extra: Mapping[str, str]) -> Iterator[int]:
    with log_of("quartet-records").open("wb") as log:
        process = processes.start([sys.executable, "-m", "controlplane.process", "records"], extra, log)
        try:
            yield process.pid
        finally:
            processes.end(process)


def _entry(predictions: int) -> bytes:
    moment = time.time()
    return record.encode_records([_said(moment) for _ in range(predictions)])


def _said(moment: float) -> record.Record:
    """An answer of the digits' model that saw a picture and heard nothing."""
    asked = record.Asked(record.new_id(moment), moment, "digits", 1, "1", 1, ("image",), ("sound",), 0.5)
    return record.Record(asked, "", 0.004, 0.001, ["7"], [0.97])
