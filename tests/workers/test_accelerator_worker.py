"""A true accelerator worker: it takes placed replicas from its queue, and whatever ends it ends them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from apps.deployments import services
from apps.deployments.models import Deployment, Node, Replica
from tests.deployments.makers import approve, make_deployment, make_revision
from tests.live.artifact import write_artifact
from tests.registry.artifact import publisher
from tests.workers.hosting import runs, until
from tests.workers.true_worker import Worker
from tests.world import World
from workers.relay import relay_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(home: Path, valkey: Redis) -> Iterator[Worker]:
    """Up, its node known."""
    worker = Worker(home)
    try:
        until(Node.objects.filter(state="up").exists, "the node")
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.end(signal.SIGKILL)


@pytest.fixture
def deployment(home: Path, tmp_path: Path, worker: Worker) -> Deployment:
    """Rolling out a model that always answers 7, on two replicas."""
    world = World.create()
    directory = write_artifact(tmp_path / "seven", 7)
    contents = {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}
    version, _ = publisher(world.ada, "constant").send_all(contents).register()
    deployment = make_deployment(world)
    approve(world, make_revision(world, deployment, version, replicas=2, timeout_ms=1000))
    until(lambda: control() and len(pids()) == 2, "two ready replicas")
    return deployment


def control() -> bool:
    """What a control worker does every second."""
    services.reconcile(evidence=None)
    relay_run()
    return True


def pids() -> set[int]:
    """The processes of ready replicas."""
    return set(Replica.objects.filter(state="ready").values_list("pid", flat=True))


def test_it_hosts_what_is_placed_on_its_node(deployment: Deployment) -> None:
    assert all(runs(pid) for pid in pids())
    assert Node.objects.get().slots == 64  # a training job has a slot of its own


def test_a_killed_replica_is_replaced(deployment: Deployment) -> None:
    killed = pids().pop()
    os.kill(killed, signal.SIGKILL)
    until(lambda: control() and len(pids() - {killed}) == 2, "another replica")
    assert Replica.objects.get(pid=killed).state == "failed"


def test_told_to_stop_it_drains_its_replicas_and_says_goodbye(deployment: Deployment, worker: Worker) -> None:
    hosted = pids()
    worker.end(signal.SIGTERM)
    assert not any(runs(pid) for pid in hosted)
    assert set(Replica.objects.values_list("state", flat=True)) == {"stopped"}
    assert Node.objects.get().state == "away"


def test_killed_it_leaves_no_orphans_and_the_next_one_replaces_them(
    deployment: Deployment, worker: Worker, home: Path
) -> None:
    hosted = pids()
    worker.end(signal.SIGKILL)
    until(lambda: not any(runs(pid) for pid in hosted), "its replicas to end")
    following = Worker(home)
    try:
        until(lambda: control() and len(pids() - hosted) == 2, "two others")
    finally:
        following.end(signal.SIGTERM)
    assert set(Replica.objects.filter(pid__in=hosted).values_list("state", flat=True)) == {"lost"}


def test_replicas_outlive_a_broker_that_loses_everything(deployment: Deployment, valkey: Redis) -> None:
    hosted = pids()
    valkey.delete(*valkey.scan_iter("quartet:*"))
    killed = hosted.pop()
    os.kill(killed, signal.SIGKILL)
    until(lambda: control() and len(pids() - {killed}) == 2, "another replica")
    assert hosted < pids()
