"""A recipe that goes wrong in a true child process: the job says how, nothing is registered, and its parent stays."""

import shutil
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.db.models import ProtectedError
from safetensors import SafetensorError

from apps.core.models import OutboxEvent
from apps.registry.errors import Immutable
from apps.registry.models import ModelVersion
from apps.training.models import Evaluation, TrainingJob
from tests.training_jobs.hosting import Hosting
from tests.training_jobs.texts import classifier, requested
from tests.world import World
from workers.training.faults import told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

#: The true child, but that its recipe `full` does this as it prepares the model.
_BAD = """
import sys
from workers.training import recipes
class Bad(recipes.RECIPES["full"]):
    def prepare(self, model, family, parameters):
        {does}
        return super().prepare(model, family, parameters)
recipes.RECIPES["full"] = Bad
from workers.training.child import main
sys.exit(main())
"""
_NAN = "import torch; [weight.data.fill_(float('nan')) for weight in model.parameters()]"
#: The kernel's own words: this device is always full. Opened, never replaced.
_FULL = "handle = open('/dev/full', 'wb', buffering=0); handle.write(b'weights')"


def bad(does: str) -> list[str]:
    return [sys.executable, "-c", _BAD.format(does=does)]


@pytest.fixture
def job(world: World, home: Path, tmp_path: Path) -> TrainingJob:
    return requested(world, classifier(world, tmp_path / "classifier"))


def nothing_came_of(job: TrainingJob) -> None:
    """No version, no evaluation, nothing left on disk, and one event that it ended."""
    assert (job.state, job.result, job.lease) == ("failed", None, None)
    assert (ModelVersion.objects.count(), Evaluation.objects.exists()) == (1, False)
    assert OutboxEvent.objects.filter(name="training.job_ended").count() == 1
    assert not job.directory.exists()


@pytest.mark.parametrize(
    ("does", "code", "words"),
    [
        ("raise KeyError('no such layer')", "recipe_failed", "The recipe failed: KeyError: 'no such layer' (prepare"),
        (_NAN, "diverged", "The loss was nan at step 1: a lower learning rate may help."),
        (_FULL, "disk_full", "The disk of its node is full: [Errno 28] No space left on device."),
        ("raise MemoryError('weights')", "out_of_memory", "Memory ran out: weights. A smaller batch_size takes less."),
    ],
    ids=["crashes", "diverges", "fills the disk", "has no memory"],
)
def test_it_fails_in_words_and_nothing_comes_of_it(job: TrainingJob, does: str, code: str, words: str) -> None:
    ended = Hosting(job).runs(bad(does))
    assert (ended.code, ended.reason[: len(words)]) == (code, words)
    nothing_came_of(ended)


@pytest.mark.parametrize(
    ("limit", "code", "words"),
    [
        ({"seconds": 1}, "time_limit", "and 1 s are its limit."),
        ({"memory_bytes": 64 * 2**20}, "memory_limit", "and 64 MiB are its limit."),
    ],
)
def test_one_that_takes_more_than_it_may_is_ended(
    world: World, home: Path, tmp_path: Path, limit: dict[str, int], code: str, words: str
) -> None:
    parent = classifier(world, tmp_path / "classifier")
    long = {"steps": 1_000_000}
    ended = Hosting(requested(world, parent, limit=limit, parameters=long)).start().ends()
    assert (ended.code, ended.reason.endswith(words)) == (code, True)
    nothing_came_of(ended)


def test_a_disk_that_fills_while_weights_are_written_is_told_as_such() -> None:
    """What safetensors raises then, word for word; it is no OSError."""
    error = SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert told(error)["code"] == "disk_full"
    assert told(SafetensorError("Error while serializing: invalid dtype"))["code"] == "recipe_failed"


def test_a_parent_cannot_be_deleted_under_a_job(job: TrainingJob) -> None:
    for delete in (
        lambda: job.parent.delete(),
        lambda: ModelVersion.objects.filter(pk=job.parent_id).delete(),
        lambda: ModelVersion.objects.filter(pk=job.parent_id)._raw_delete("default"),
    ):
        with pytest.raises((Immutable, ProtectedError, DatabaseError)), transaction.atomic():
            delete()
    assert ModelVersion.objects.filter(pk=job.parent_id).exists()


def test_a_job_whose_parents_files_were_deleted_says_so_and_the_parent_is_taken_out_of_use(job: TrainingJob) -> None:
    shutil.rmtree(job.parent.directory)
    ended = Hosting(job).start().ends()
    job.parent.refresh_from_db()
    assert (ended.code, job.parent.state) == ("artifact_corrupt", "corrupt")
    assert "is missing or not a plain file" in ended.reason
    nothing_came_of(ended)
