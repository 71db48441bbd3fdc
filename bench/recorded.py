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

from bench import answered, processes
from bench.errors import Unavailable
from bench.place import HOME
from bench.place import log as log_of
from controlplane.embedded.servers import servers
from workers.serving import names, record

_ENTRIES = 64  # sent to Valkey at once
_BACKLOG = 1000  # entries that wait, where as much is fed as is taken
_TABLES = "inference_prediction, inference_recordtally, inference_keptinput"
_RECORDED = "select coalesce(sum(recorded), 0) from inference_recordtally"
_FOUND = f"""
    select (select count(*) from inference_prediction), ({_RECORDED}),
        (select coalesce(sum(refused + dropped), 0) from inference_recordtally),
        (select count(*) from inference_keptinput)
"""  # noqa: S608  our names
_START_SECONDS = 120.0
_PATIENCE = 60.0  # seconds in which nothing comes any more
_LOOK = 0.05


@dataclass(frozen=True)
class Found:
    """What is in the database: predictions, those that were counted as recorded and as lost, and kept inputs."""

    rows: int
    counted: int
    lost: int
    kept: int


def fault(found: Found, written: int, kept: int) -> str | None:
    """How that is not what was written, each once; None where it is."""
    if found == Found(rows=written, counted=written, lost=0, kept=kept):
        return None
    return (
        f"of {written} predictions and {kept} kept inputs that were written, {found.rows} and {found.kept} are in the "
        f"database, {found.counted} were counted as recorded and {found.lost} as lost"
    )


@dataclass
class Plane:
    """A running one, with the records process, which itself starts none, and a worker of PostgreSQL."""

    valkey: Redis
    database: "psycopg.Connection[tuple[int, ...]]"
    process: int
    written: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])  # when, predictions so far
    kept: int = 0  # inputs, so far

    def recorded(self) -> int:
        """Predictions that were counted as recorded, each once."""
        return int(self._row(_RECORDED)[0])

    def found(self) -> Found:
        """What is in the database."""
        return Found(*map(int, self._row(_FOUND)))

    def _row(self, query: str) -> tuple[int, ...]:
        row = self.database.execute(query.encode()).fetchone()
        assert row
        return row

    def cpu_seconds(self) -> float:
        """What the records process, PostgreSQL and Valkey have used; workers of PostgreSQL come and go."""
        postgres = processes.siblings(self.database.info.backend_pid)
        return processes.cpu_seconds([self.process, int(self.valkey.info()["process_id"]), *postgres])

    def write(self, predictions: int, keeps: bool) -> None:
        """Put that many into the stream; `keeps`: and their inputs, of those that the default policy keeps."""
        with self.valkey.pipeline(transaction=False) as entries:
            for at in range(0, predictions, answered.BATCH):
                answers = answered.batch(min(answered.BATCH, predictions - at))
                for kept in answered.kept(answers) if keeps else ():
                    entries.xadd(names.KEPT, {"m": kept})
                    self.kept += 1
                entries.xadd(names.PREDICTIONS, {"m": record.encode_records(answers)})
            entries.execute()
        self.written.append((time.monotonic(), self.written[-1][1] + predictions))

    @contextmanager
    def fed(self, per_second: int | None, keeps: bool = False) -> Iterator[None]:
        """So many predictions a second for the length of the block, or as many as are taken."""
        over = threading.Event()
        thread = threading.Thread(target=self._feed, args=(per_second, keeps, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _feed(self, per_second: int | None, keeps: bool, over: threading.Event) -> None:
        began, sent = time.monotonic(), 0
        while not over.wait(0.01 if per_second else 0.001):
            if per_second is None:
                room = int(self.valkey.xlen(names.PREDICTIONS)) < _BACKLOG
                due = answered.BATCH * _ENTRIES if room else 0
            else:
                due = int((time.monotonic() - began) * per_second) - sent
            if due:
                self.write(due, keeps)
                sent += due

    def drained(self) -> float:
        """Wait until all that was written is in the database; the seconds that took. Raises Unavailable where it is not
        there, each once, though nothing more comes."""
        began = moved = time.monotonic()
        there = (-1, -1)
        while there != (self.written[-1][1], self.kept) and time.monotonic() < moved + _PATIENCE:
            if there != (there := self._arrived()):
                moved = time.monotonic()
            time.sleep(_LOOK)
        if wrong := fault(self.found(), self.written[-1][1], self.kept):
            raise Unavailable(wrong)
        return moved - began

    def _arrived(self) -> tuple[int, int]:
        """Predictions and kept inputs so far, asked for without counting all rows."""
        return self.recorded(), int(self._row("select count(*) from inference_keptinput")[0])


@contextmanager
def recording(home: Path = HOME) -> Iterator[Plane]:
    """Runs it, with tables that were empty, once it records."""
    home.mkdir(parents=True, exist_ok=True)
    with servers(home, {}) as urls, Redis.from_url(urls["REDIS_URL"]) as valkey:
        valkey.flushall()
        extra = urls | {"QUARTET_HOME": str(home), "QUARTET_SECRET_KEY": "bench" * 10}
        _set_up(extra)
        with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as database:
            database.execute(f"truncate {_TABLES}")
            with _process(extra) as pid:
                plane = Plane(valkey, database, pid)
                plane.write(answered.BATCH, keeps=False)
                plane.drained()  # it has started
                yield plane


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
