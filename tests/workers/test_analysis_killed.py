"""The analysis worker against servers of its own: it does what waits, and what a killed one held is done once."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from celery import Celery

from apps.drift.services import QUEUE, TASK
from controlplane.celery import app
from tests.embedded.looking import eventually
from tests.workers.installation import ROOT, Installation

#: Ada's deployment, recorded predictions with one drifted modality, and a run that waits.
_PREPARE = """
from tests.drift.recorded import Watched
from tests.drift.test_runs import darker
from tests.world import World
from apps.inference.services import partitions_ahead

partitions_ahead()
watched = Watched(World.create())
watched.profile()
watched.record(300, darker)
"""
_REQUEST = """
from apps.core.models import User
from apps.deployments.models import Deployment
from apps.drift.services import run_request

run_request(actor=User.objects.get(username="ada"), deployment=Deployment.objects.get())
"""


class Analysing(Installation):
    """With an analysis worker."""

    name = "analysis"

    def does(self, program: str) -> None:
        """Run Python with Django set up, beside the worker."""
        setup = "import django; django.setup()\n"
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "controlplane.settings", "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", setup + program], env=environment, cwd=ROOT, check=True)

    def poke(self) -> None:
        """What services.runs_request_due sends, but it waits for a worker that is just starting."""
        broker = Celery(broker=self.addresses["REDIS_URL"])
        broker.conf.broker_transport_options = app.conf.broker_transport_options
        broker.send_task(TASK, queue=QUEUE)

    def is_poked(self) -> bool:
        """Whether a worker has taken the poke."""
        return not self.valkey.llen(f"quartet:celery:{QUEUE}")

    def end(self) -> None:
        """Celery says by its exit status that it was told to end."""
        self.process.terminate()
        self.process.wait(timeout=60)

    def connected(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.addresses["DATABASE_URL"])

    def asked(self, query: str) -> list[tuple[object, ...]]:
        with self.connected() as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]  # a test's own words

    def states(self) -> list[object]:
        return [state for (state,) in self.asked("select state from drift_driftrun order by id")]

    def finished(self) -> list[tuple[object, ...]]:
        """The verdicts that listeners are to be told of."""
        return self.asked("select payload->>'verdict' from core_outboxevent where name = 'drift.run_finished'")


@pytest.fixture(scope="module")
def installation() -> Iterator[Analysing]:
    with Analysing.installed() as installation:
        installation.does(_PREPARE)
        yield installation


def test_a_worker_does_what_waits(installation: Analysing) -> None:
    installation.does(_REQUEST)
    installation.poke()
    eventually(installation.is_poked)
    eventually(lambda: installation.states() == ["done"])
    assert installation.finished() == [("drifted",)]
    groups = dict(installation.asked("select name, state from drift_driftgroup"))  # type: ignore[arg-type]
    assert groups["image"] == "drifted"
    assert groups["audio"] == "steady"


def test_a_run_whose_worker_is_killed_before_it_committed_is_done_once_by_the_next(installation: Analysing) -> None:
    with installation.connected() as connection:
        connection.execute("lock table drift_driftresult in exclusive mode")  # nobody else can write a result
        installation.does(_REQUEST)
        installation.poke()
        eventually(lambda: _waits_for_the_lock(installation))
        installation.kill()
        connection.rollback()
    assert installation.states() == ["done", "running"]
    installation.start()
    with installation.connected() as connection:  # the lease has ended, and the control worker sees it
        connection.execute("update drift_driftrun set leased_until = now() where state = 'running'")
    installation.poke()
    eventually(installation.is_poked)
    eventually(lambda: installation.states() == ["done", "done"])
    assert len(installation.finished()) == 2
    assert installation.asked("select attempts from drift_driftrun order by id") == [(1,), (2,)]


def _waits_for_the_lock(installation: Analysing) -> bool:
    waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%drift_driftresult%'"
    return bool(installation.asked(waiting))
