"""The disk limit holds while samples are brought, not only once they are all there."""

from pathlib import Path

import pytest

from apps.datasets.models import Asset, DatasetVersion
from apps.datasets.services import version_freeze
from apps.datasets.store import remove
from tests.datasets.samples import sample
from tests.training_jobs.hosting import PATIENT, Hosting, spoken
from tests.training_jobs.makers import requested
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = {"disk_bytes": 2**20}


def frozen(world: World, name: str, *kib: int) -> DatasetVersion:
    """One sample of each size; the files of equal sizes are the same, whatever the dataset."""
    samples = [sample("a" * size * 1024, name) for size in kib]
    return version_freeze(actor=world.ada, name=name, samples=samples)[0]


def test_samples_over_the_disk_limit_end_the_job_before_all_are_brought(world: World, home: Path) -> None:
    dataset = frozen(world, "large", 600, 601, 602, 603)
    last = Asset.objects.order_by("-sha256").values_list("sha256", flat=True)[0]
    remove(last)  # whoever asks for it fails otherwise
    job = Hosting(requested(world, dataset=dataset, limit=LIMIT)).runs(PATIENT)
    assert (job.state, job.code) == ("failed", "disk_limit")


def test_what_was_staged_over_the_limit_goes_with_the_job(world: World, home: Path) -> None:
    job = Hosting(requested(world, dataset=frozen(world, "large", 600, 601), limit=LIMIT)).runs(PATIENT)
    assert (job.code, job.directory.exists()) == ("disk_limit", False)


def test_a_file_of_both_sets_takes_its_place_once(world: World, home: Path) -> None:
    sets = {"dataset": frozen(world, "learn", 600), "measured_on": frozen(world, "measure", 600)}
    job = Hosting(requested(world, **sets, limit=LIMIT)).runs(spoken("say('failed', code='so', message='', path='')"))
    assert job.code == "so", job.reason
