"""A true accelerator worker that is killed while it trains: the job goes on in the next, or on another node, to the
same weights."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.db.models.functions import Now
from redis import Redis

from apps.deployments.models import Node
from apps.deployments.services import reconcile
from apps.training.models import TrainingJob
from apps.training.services import jobs_offer, leases_expire
from tests.training_jobs.hosting import Hosting
from tests.training_jobs.texts import classifier, requested
from tests.workers.hosting import runs, until
from tests.workers.true_worker import Worker
from tests.world import World
from workers.relay import relay_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


@pytest.fixture
def workers(home: Path, valkey: Redis) -> Iterator[list[Worker]]:
    """Those that the test starts; none outlives it."""
    started: list[Worker] = []
    yield started
    for worker in started:
        if worker.process.poll() is None:
            worker.end(signal.SIGKILL)


def control() -> None:
    """What a control worker does every second."""
    reconcile(evidence=None)
    leases_expire()
    jobs_offer()
    relay_run()


def follow(job: TrainingJob, *states: str) -> TrainingJob:
    """Drive it until it is in one of these states."""

    def arrived() -> bool:
        control()
        job.refresh_from_db()
        return job.state in states

    until(arrived, f"{states}", seconds=280)
    return job


def trains(job: TrainingJob) -> list[int]:
    """The processes that train it."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        told = f"{process.info['name']} {' '.join(process.info['cmdline'] or [])}"
        if f"quartet: training {job.pk}" in told:
            found.append(process.pid)
    return found


ASKED = {"parameters": {"steps": 300, "checkpoint_every": 10}, "limit": {"memory_bytes": 2**30}}


def killed_at_a_checkpoint(job: TrainingJob, worker: Worker) -> None:
    """The worker, once the job has a checkpoint; its child ends by itself, and the lease runs out."""
    until(Node.objects.filter(state="up").exists, "the node", seconds=200)
    follow(job, "running")
    until(lambda: list((job.directory / "checkpoints").glob("*.pt")), "a checkpoint", seconds=200)
    pids = trains(job)
    worker.end(signal.SIGKILL)
    until(lambda: not any(runs(pid) for pid in pids), "the child to notice")
    assert job.directory.exists() and not (job.directory / "result").exists()
    TrainingJob.objects.update(lease_until=Now() - timedelta(seconds=1), offered_at=None)


def test_the_job_goes_on_in_the_next_worker(world: World, home: Path, tmp_path: Path, workers: list[Worker]) -> None:
    parent = classifier(world, tmp_path / "classifier")
    job = requested(world, parent, **ASKED)
    workers.append(Worker(home))
    killed_at_a_checkpoint(job, workers[0])
    workers.append(Worker(home))
    follow(job, "done", "failed")
    assert (job.state, job.attempts) == ("done", 2), job.reason
    assert "resumed at step" in job.log_tail
    untouched = Hosting(requested(world, parent, **ASKED)).start().ends()
    assert untouched.result == job.result


#: What a node shares with the others in any case: files that were registered, or are on their way to be, and assets.
STORE = ("artifacts", "staging", "assets")


@pytest.mark.parametrize("shared", [STORE, (*STORE, "training")], ids=["its own directory", "a shared directory"])
def test_the_job_goes_on_on_a_node_with_another_home_to_the_same_weights(
    world: World, home: Path, tmp_path: Path, workers: list[Worker], shared: tuple[str, ...]
) -> None:
    parent = classifier(world, tmp_path / "classifier")
    job = requested(world, parent, **ASKED)
    other = tmp_path / "other"
    other.mkdir()
    for name in shared:
        (home / name).mkdir(exist_ok=True)
        (other / name).symlink_to(home / name)
    workers.append(Worker(home))
    killed_at_a_checkpoint(job, workers[0])
    Node.objects.update(state=Node.State.AWAY)  # as its silence says soon
    workers.append(Worker(other, node="other"))
    follow(job, "done", "failed")
    assert (job.state, job.attempts, job.node) == ("done", 2, "other"), job.reason
    assert ("resumed at step" in job.log_tail) == ("training" in shared), "it resumes where the checkpoint reaches it"
    untouched = Hosting(requested(world, parent, **ASKED)).start().ends()
    assert untouched.result == job.result
    curve, whole = (set(each.points.values_list("step", "loss")) for each in (job, untouched))
    assert curve <= whole, "what the killed worker had not told is missing where its steps did not come again"
    assert max(curve) == max(whole)
