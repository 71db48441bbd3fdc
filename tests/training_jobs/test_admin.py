"""In the admin a training job can be read, and cancelled by those who may; nothing else of it changes."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.core.models import AuditEntry, User
from apps.training.models import TrainingJob
from apps.training.services import job_cancel
from tests.console.conftest import signed_in
from tests.training_jobs.makers import requested, running
from tests.world import World

pytestmark = pytest.mark.django_db
JOBS = "/admin/training/trainingjob/"


@pytest.fixture
def job(world: World, home: Path) -> TrainingJob:
    return requested(world)


def admitted(user: User) -> Client:
    """A browser of somebody who may also look at jobs in the admin."""
    user.user_permissions.add(Permission.objects.get(codename="view_trainingjob"))
    user.is_staff = True
    user.save()
    return signed_in(User.objects.get(pk=user.pk))


def cancelled(client: Client, job: TrainingJob) -> str:
    """The page after the action was taken on this job."""
    answer = client.post(JOBS, {"action": "cancel", "_selected_action": [str(job.pk)]}, follow=True)
    assert answer.status_code == 200
    job.refresh_from_db()
    return answer.content.decode()


def test_who_may_start_jobs_cancels_one_and_the_trail_says_so(job: TrainingJob, world: World) -> None:
    assert f"{job}: cancelled." in cancelled(admitted(world.ada), job)
    assert job.state == "cancelled"
    entry = AuditEntry.objects.get(action="training.cancelled")
    assert (entry.actor, entry.target, entry.detail) == (world.ada, "model:echo", {"job": str(job.pk)})


def test_one_that_runs_is_told_to_stop(job: TrainingJob, world: World) -> None:
    running(job)
    cancelled(admitted(world.ada), job)
    assert (job.state, job.cancelling) == ("running", True)


def test_one_that_has_ended_stays_as_it_ended_and_says_why(job: TrainingJob, world: World) -> None:
    job_cancel(actor=world.ada, job=job)
    page = cancelled(admitted(world.ada), job)
    assert "is cancelled already" in page and f"{job}: cancelled." not in page
    assert AuditEntry.objects.filter(action="training.cancelled").count() == 1


def test_who_may_only_look_is_offered_no_cancelling_and_does_none(job: TrainingJob, world: World) -> None:
    client = admitted(world.cy)
    assert "Cancel the selected" not in client.get(JOBS).content.decode()
    cancelled(client, job)
    assert job.state == "waiting" and not AuditEntry.objects.filter(action="training.cancelled").exists()
