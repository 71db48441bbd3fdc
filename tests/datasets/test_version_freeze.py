"""Freezing samples: immutable, by content, refused in words."""

from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import InternalError

from apps.core.errors import Forbidden
from apps.core.models import AuditEntry
from apps.datasets.errors import AssetMissing, BadDataset, LabelsMissing, NothingToFreeze
from apps.datasets.models import Asset, DatasetVersion, Sample, SampleFile
from apps.datasets.rules import Described
from apps.datasets.selectors import version_samples
from apps.datasets.services import assets_expire, version_freeze
from apps.registry.errors import Immutable
from tests.datasets.samples import sample
from tests.world import World

pytestmark = pytest.mark.django_db


def test_samples_are_frozen_as_the_first_version_and_read_back(world: World, home: Path) -> None:
    samples = [sample("good film", "positive", "films"), sample("bad film", "negative", "films", "short")]
    version, is_new = version_freeze(actor=world.ada, name="reviews", samples=samples)
    assert (str(version), is_new, version.samples_count, version.inputs) == ("reviews/1", True, 2, ["text"])
    assert version.counts == {"labels": {"negative": 1, "positive": 1}, "slices": {"films": 2, "short": 1}}
    assert sorted(version_samples(version), key=lambda each: each.label) == [samples[1], samples[0]]
    assert AuditEntry.objects.get(action="dataset.frozen").target == "dataset:reviews/1"


def test_the_same_samples_are_the_version_that_they_are(world: World, home: Path) -> None:
    samples = [sample("good film", "positive"), sample("bad film", "negative")]
    first, _ = version_freeze(actor=world.ada, name="reviews", samples=samples)
    assert version_freeze(actor=world.ada, name="reviews", samples=samples[::-1]) == (first, False)


def test_what_is_measured_with_is_left_out(world: World, home: Path) -> None:
    good, bad = sample("good film", "positive"), sample("bad film", "negative")
    measured, _ = version_freeze(actor=world.ada, name="reviews-test", samples=[good])
    version, _ = version_freeze(actor=world.ada, name="reviews", samples=[good, bad], without=[measured])
    assert version_samples(version) == [bad]


def test_a_file_that_is_no_asset_is_refused_with_its_digest(world: World, home: Path) -> None:
    samples = [sample("good film", "positive"), Described({"text": "f" * 64}, "negative")]
    with pytest.raises(AssetMissing, match="1 of 2 files are no assets; the first is ffff"):
        version_freeze(actor=world.ada, name="reviews", samples=samples)
    assert not DatasetVersion.objects.exists()


def test_samples_without_a_label_are_refused_with_their_number(world: World, home: Path) -> None:
    with pytest.raises(LabelsMissing, match="1 of 2 samples have no label"):
        version_freeze(actor=world.ada, name="reviews", samples=[sample("good", "positive"), sample("bad", "")])


def test_nothing_cannot_be_frozen(world: World, home: Path) -> None:
    with pytest.raises(NothingToFreeze):
        version_freeze(actor=world.ada, name="reviews", samples=[])
    with pytest.raises(BadDataset, match="no name of a dataset"):
        version_freeze(actor=world.ada, name="My reviews", samples=[sample("good", "positive")])


def test_who_lacks_the_permission_freezes_nothing(world: World, home: Path) -> None:
    with pytest.raises(Forbidden):
        version_freeze(actor=world.cy, name="reviews", samples=[sample("good", "positive")])


def test_a_frozen_version_is_changed_by_nobody(world: World, home: Path) -> None:
    version, _ = version_freeze(actor=world.ada, name="reviews", samples=[sample("good", "positive")])
    with pytest.raises(Immutable):
        version.save()
    for change in (
        lambda: DatasetVersion.objects.update(samples_count=2),
        lambda: Sample.objects.update(label="negative"),
        lambda: Sample.objects.all()._raw_delete("default"),
        lambda: SampleFile.objects.update(input="words"),
    ):
        with pytest.raises((InternalError, IntegrityError), match="immutable"), transaction.atomic():
            change()


def test_its_files_are_kept_as_long_as_it(world: World, home: Path) -> None:
    version_freeze(actor=world.ada, name="reviews", samples=[sample("good", "positive")])
    Asset.objects.update(last_kept_at="2020-01-01T00:00:00Z")
    assert assets_expire() == 0
    assert Asset.objects.count() == 1
