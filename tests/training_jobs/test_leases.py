"""A job is held by one host at a time, by a lease in the database that heartbeats keep."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.core.models import AuditEntry, OutboxEvent
from apps.training.models import LossPoint, TrainingJob
from apps.training.rules.machine import FRUITLESS_MOST
from apps.training.services import (
    Report,
    job_beat,
    job_cancel,
    job_claim,
    job_fail,
    job_let_go,
    job_start,
    jobs_offer,
    leases_expire,
)
from tests.training_jobs.makers import node, requested, running
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(world: World, home: Path) -> TrainingJob:
    return requested(world)


def silent(job: TrainingJob) -> None:
    """As if nothing had been heard of its host for long."""
    TrainingJob.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_the_first_to_claim_it_gets_it(job: TrainingJob) -> None:
    assert job_claim(job_id=job.pk, node="n1") is not None
    assert job_claim(job_id=job.pk, node="n2") is None
    job.refresh_from_db()
    assert (job.state, job.node, job.attempts) == ("leased", "n1", 1)


def test_heartbeats_tell_how_far_it_is_and_keep_the_lease(job: TrainingJob) -> None:
    lease = running(job)
    report = Report("train", 10, 0.5, 0, 10, "cpu", 1.5, 1000, "step 10", [(5, 0.7), (10, 0.5)])
    assert job_beat(job_id=job.pk, lease=lease, report=report) == "go_on"
    assert job_beat(job_id=job.pk, lease=lease, report=report) == "go_on"
    job.refresh_from_db()
    assert (job.step, job.loss, job.kept_step, job.seconds, job.memory_bytes) == (10, 0.5, 10, 3.0, 1000)
    assert list(LossPoint.objects.values_list("step", "loss")) == [(5, 0.7), (10, 0.5)]


def test_a_holder_that_is_silent_loses_it_and_hears_so(job: TrainingJob) -> None:
    lease = running(job)
    assert leases_expire() == 0
    silent(job)
    assert leases_expire() == 1
    job.refresh_from_db()
    assert (job.state, job.code, job.lease) == ("waiting", "lease_expired", None)
    assert job_beat(job_id=job.pk, lease=lease, report=Report()) == "lost"
    other = UUID(job_claim(job_id=job.pk, node="n2")["lease"])  # type: ignore[index]
    for late in (job_let_go, job_fail):
        late(job_id=job.pk, lease=lease, code="late", reason="Too late.")
    job.refresh_from_db()
    assert (job.state, job.lease, job.node) == ("leased", other, "n2")


def test_a_job_that_no_attempt_brings_further_has_failed_with_the_last_reason(job: TrainingJob) -> None:
    for _ in range(FRUITLESS_MOST):
        lease = running(job)
        job_let_go(job_id=job.pk, lease=lease, code="killed", reason="It was killed.")
    job.refresh_from_db()
    assert (job.state, job.code) == ("failed", "attempts_spent")
    assert job.reason == "3 attempts in a row brought it no further. The last: It was killed."
    assert AuditEntry.objects.filter(action="training.failed").count() == 1
    assert OutboxEvent.objects.filter(name="training.job_ended").count() == 1


def test_a_cancelled_holder_is_told_so_and_silence_ends_it_too(job: TrainingJob, world: World) -> None:
    lease = running(job)
    job_cancel(actor=world.ada, job=job)
    assert job_beat(job_id=job.pk, lease=lease, report=Report()) == "cancel"
    silent(job)
    leases_expire()
    job.refresh_from_db()
    assert (job.state, job.reason) == ("cancelled", "ada cancelled it.")


def test_another_lease_starts_nothing(job: TrainingJob) -> None:
    job_claim(job_id=job.pk, node="n1")
    assert not job_start(job_id=job.pk, lease=new_id())


def test_a_node_is_asked_once_until_its_time_is_over(job: TrainingJob) -> None:
    node("n1")
    assert (jobs_offer(), jobs_offer()) == (1, 0)
    assert OutboxEvent.objects.get(name="training.job_offered").payload == {"job_id": str(job.pk), "node": "n1"}
    TrainingJob.objects.update(offered_at=Now() - timedelta(seconds=11))
    assert jobs_offer() == 1


def test_a_job_that_no_node_can_run_says_why(job: TrainingJob) -> None:
    assert jobs_offer() == 0
    job.refresh_from_db()
    assert (job.state, job.code, job.reason) == ("waiting", "no_node", "No node is up.")


def test_a_node_that_trains_is_not_asked_for_another(job: TrainingJob, world: World) -> None:
    node("n1")
    running(job)
    other = requested(world, job.parent, seed=1)
    assert jobs_offer() == 0
    other.refresh_from_db()
    assert other.reason == "Every node that could run it is training already."
