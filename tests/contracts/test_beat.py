"""Beat names tasks by text: a task that is renamed would never run again, and nothing else would say so."""

import pytest
from celery import Task
from redis import Redis

from apps.drift.models import DriftRun
from controlplane.celery import CONTROL_QUEUE, app
from tests.drift.recorded import Watched
from tests.world import World

SCHEDULE = app.conf.beat_schedule


def task_of(entry: str) -> Task:
    """The task that a worker would run for an entry; its modules are those that a worker loads."""
    app.loader.import_default_modules()
    found = app.tasks.get(SCHEDULE[entry]["task"])
    return found or pytest.fail(f"No worker knows the task {SCHEDULE[entry]['task']} of beat's entry {entry}.")


@pytest.mark.parametrize("entry", sorted(SCHEDULE))
def test_every_entry_names_a_task_that_the_control_worker_runs(entry: str) -> None:
    task = task_of(entry)
    assert task.__module__.startswith("workers.tasks.")
    assert app.amqp.router.route(SCHEDULE[entry]["options"], task.name)["queue"].name == CONTROL_QUEUE


def test_the_entry_drift_asks_for_the_runs_that_are_due(world: World, valkey: Redis) -> None:
    watched = Watched(world)
    watched.profile()
    task_of("drift")()
    run = DriftRun.objects.get()
    assert (run.deployment, run.trigger, run.state) == (watched.deployment, "schedule", "waiting")
