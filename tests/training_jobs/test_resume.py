"""Real jobs by real child processes: whatever is killed, the result is the uninterrupted one's, byte for byte."""

from pathlib import Path

import psutil
import pytest

from apps.registry.models import ModelVersion
from apps.training.models import Evaluation, TrainingJob
from tests.training_jobs.hosting import Hosting
from tests.training_jobs.texts import classifier, moods, requested
from tests.workers.hosting import until
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def kill_after_a_checkpoint(job: TrainingJob) -> None:
    """SIGKILL, as soon as its first checkpoint lies on disk."""
    until(lambda: list((job.directory / "checkpoints").glob("*.pt")), "a checkpoint", seconds=120)
    for each in psutil.Process().children():
        if str(job.pk) in each.name() + "".join(each.cmdline()):
            each.kill()


def test_killed_in_mid_training_it_resumes_to_the_same_version_and_is_measured(
    world: World, home: Path, tmp_path: Path
) -> None:
    parent = classifier(world, tmp_path / "classifier")
    measured_on = moods(world, "measure", begin=100, count=60)
    steps = {"parameters": {"steps": 300, "checkpoint_every": 10}}
    job = requested(world, parent, measured_on=measured_on, **steps)
    hosting = Hosting(job).start()
    kill_after_a_checkpoint(job)
    job = hosting.ends()
    assert (job.state, job.result) == ("waiting", None)
    job = hosting.start().ends()
    assert (job.state, job.attempts, job.step) == ("done", 2, 300), job.reason
    assert "resumed at step" in job.log_tail
    assert 0 < job.claim_step < job.kept_step == 300
    evaluation = Evaluation.objects.get()
    assert (evaluation.candidate, evaluation.champion, evaluation.passed) == (job.result, parent, True)
    assert evaluation.figures[0]["candidate"] > 0.95
    # The same job again, left alone, comes to the very files, so to the very version.
    again = requested(world, parent, measured_on=measured_on, **steps)
    assert again.pk != job.pk
    untouched = Hosting(again).start().ends()
    assert (untouched.state, untouched.attempts, untouched.result) == ("done", 1, job.result)
    assert ModelVersion.objects.count() == 2
    assert list(untouched.points.values_list("step", "loss")) == list(job.points.values_list("step", "loss"))
