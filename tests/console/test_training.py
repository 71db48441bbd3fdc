"""The pages of training: what is asked, how far it is, how it ended, and the one button."""

from pathlib import Path

import pytest

from apps.console.pulse import pulses
from apps.console.selectors import training
from apps.console.selectors.versions import page_versions
from apps.console.topics import group_for, job_topic
from apps.core.errors import NotFound
from apps.training.models import TrainingJob
from apps.training.services import Report, job_beat, job_fail
from tests.console.conftest import signed_in
from tests.training_jobs.makers import requested, running
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(world: World, home: Path) -> TrainingJob:
    return requested(world, parameters={"steps": 200})


def report(job: TrainingJob) -> None:
    """Half way."""
    lease = running(job)
    points = [(50, 2.0), (100, 0.5)]
    job_beat(job_id=job.pk, lease=lease, report=Report("train", 100, 0.5, 0, 100, "cpu", 3, 10**8, "step 100", points))


def page(world: World, job: TrainingJob, who: str = "ada") -> str:
    return signed_in(getattr(world, who)).get(f"/training/{job.pk}/").content.decode()


def test_the_page_shows_how_far_it_is(job: TrainingJob, world: World) -> None:
    report(job)
    shown = page(world, job)
    assert "step 100 of 200" in shown and '<rect width="50%"' in shown
    assert "The loss went from 2 to 0.5 in 100 of 200 steps." in shown and '<path d="M250.0 4.0L500.0 156.0"' in shown
    assert '<pre class="log" tabindex="0">step 100</pre>' in shown
    assert f'data-topic="job.{job.pk}"' in shown


def test_the_page_hears_of_every_step_and_no_other_does(job: TrainingJob, world: World) -> None:
    before, fleet = page_versions()[job_topic(job.pk)], page_versions()["fleet"]
    TrainingJob.objects.update(step=7)
    assert page_versions()[job_topic(job.pk)] != before
    assert page_versions()["fleet"] == fleet
    assert pulses()[job_topic(job.pk)]["version"] == page_versions()[job_topic(job.pk)]


def test_a_job_that_ended_long_ago_is_told_of_no_more(job: TrainingJob, world: World) -> None:
    TrainingJob.objects.update(state="cancelled", ended_at="2020-01-01T00:00:00Z")
    assert job_topic(job.pk) not in page_versions()
    assert 'data-topic="fleet"' in page(world, job)


def test_a_failure_is_told_in_its_words(job: TrainingJob, world: World) -> None:
    job_fail(job_id=job.pk, lease=running(job), code="diverged", reason="The loss was nan at step 3.")
    assert "The loss was nan at step 3." in page(world, job)
    assert "failed" in signed_in(world.ada).get("/training/").content.decode()


def test_of_many_jobs_the_list_shows_the_newest_and_how_many_there_are(
    job: TrainingJob, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = requested(world, job.parent, parameters={"steps": 300})
    client, told = signed_in(world.ada), "The newest 1 of 2 jobs."
    assert told not in client.get("/training/").content.decode()
    monkeypatch.setattr(training, "_LISTED", 1)
    shown = client.get("/training/").content.decode()
    assert told in shown and "<code>/api/v1/training/jobs</code>" in shown
    assert f"/training/{newer.pk}/" in shown and f"/training/{job.pk}/" not in shown


def test_its_button_cancels_it_and_says_why_where_it_cannot(job: TrainingJob, world: World) -> None:
    assert '<button class="button" form="cancel">' in page(world, job)
    assert '<button class="button" form="cancel">' not in page(world, job, "cy")
    client = signed_in(world.ada)
    assert client.post(f"/training/{job.pk}/cancel").status_code == 302
    again = client.post(f"/training/{job.pk}/cancel")
    assert again.status_code == 409
    assert "This training job is cancelled already." in again.content.decode()
    assert signed_in(world.cy).post(f"/training/{job.pk}/cancel").status_code == 403


def test_only_a_job_that_is_there_can_be_followed(job: TrainingJob, world: World) -> None:
    assert group_for(world.cy, f"job.{job.pk}") == f"job.{job.pk}"
    for topic in ("job.", "job.7", "job.01a210eb-739f-7214-b17a-e65b0bef0a40"):
        with pytest.raises(NotFound):
            group_for(world.cy, topic)
