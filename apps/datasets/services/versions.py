"""Freezing samples as a dataset version, and taking out of them what must be forgotten."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from apps.core import audit, outbox
from apps.core.models import User
from apps.datasets import access, rules
from apps.datasets.errors import AssetMissing, BadDataset, LabelsMissing, NothingToFreeze
from apps.datasets.events import VersionFrozen
from apps.datasets.models import Asset, Dataset, DatasetVersion, Sample, SampleFile
from apps.datasets.rules import Described
from apps.datasets.selectors import version_samples

_AT_ONCE = 2000


def version_freeze(
    *,
    actor: User,
    name: str,
    samples: Sequence[Described],
    without: Iterable[DatasetVersion] = (),
    source: dict[str, Any] | None = None,
) -> tuple[DatasetVersion, bool]:
    """Make the samples the next version of the dataset `name`; returns it and whether it is new.

    Each sample counts once; those that also stand in a version of `without` are left out, so that what is measured with
    is never trained on. The same samples are the version that they are already. Raises BadDataset, NothingToFreeze,
    LabelsMissing or AssetMissing.
    """
    access.freezer(actor)
    if fault := rules.name_fault(name) or rules.samples_fault(samples):
        raise BadDataset(fault)
    if missing := rules.unlabelled(samples):
        raise LabelsMissing(f"{missing:,} of {len(samples):,} samples have no label.")
    left_out = [sample.key for version in without for sample in version_samples(version)]
    frozen = rules.merged(samples, left_out)
    if not frozen:
        raise NothingToFreeze("There is no labelled sample to freeze.")
    _require_assets({sha256 for sample in frozen for sha256 in sample.inputs.values()})
    try:
        return _write(actor, name, frozen, source or {})
    except IntegrityError as error:  # an asset was forgotten in this very moment
        raise AssetMissing("An asset was deleted while it was being frozen.") from error


def _require_assets(wanted: set[str]) -> None:
    known = set(Asset.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if absent := sorted(wanted - known):
        raise AssetMissing(f"{len(absent):,} of {len(wanted):,} files are no assets; the first is {absent[0][:64]}.")


def _write(actor: User, name: str, frozen: Sequence[Described], source: dict[str, Any]) -> tuple[DatasetVersion, bool]:
    digest = rules.digest(frozen)
    with transaction.atomic():
        Dataset.objects.bulk_create([Dataset(name=name)], ignore_conflicts=True)
        dataset = Dataset.objects.select_for_update(no_key=True).get(name=name)
        known = DatasetVersion.objects.filter(dataset=dataset, digest=digest).select_related("dataset").first()
        if known is not None:
            return known, False
        version = DatasetVersion.objects.create(
            dataset=dataset,
            number=dataset.next_number,
            digest=digest,
            samples_count=len(frozen),
            counts=rules.counts(frozen),
            inputs=sorted({name for sample in frozen for name in sample.inputs}),
            source=source,
            created_by=actor,
        )
        dataset.next_number += 1
        dataset.save(update_fields=["next_number"])
        _samples_write(version, frozen)
        audit.record(
            actor=actor, action="dataset.frozen", target=f"dataset:{version}", samples=len(frozen), digest=digest
        )
        outbox.emit(VersionFrozen(version_id=version.pk, dataset=name, version=version.number, digest=digest))
    return version, True


def _samples_write(version: DatasetVersion, frozen: Sequence[Described]) -> None:
    rows = [
        Sample(
            version=version,
            position=place,
            label=sample.label,
            slices=list(sample.slices),
            predictions=[prediction for prediction, _ in sample.origins],
            subjects=[subject for _, subject in sample.origins],
            declared=sample.declared or not sample.origins,
        )
        for place, sample in enumerate(frozen)
    ]
    made = Sample.objects.bulk_create(rows, batch_size=_AT_ONCE)
    files = [
        SampleFile(sample=row, input=name, asset_id=sha256)
        for row, sample in zip(made, frozen, strict=True)
        for name, sha256 in sample.key
    ]
    SampleFile.objects.bulk_create(files, batch_size=_AT_ONCE)


def samples_erase(*, subject: str) -> tuple[int, set[str]]:
    """Take the files and labels of what was met with this subject alone out of every dataset version.

    `subject` is its SHA-256. Part of the transaction in which it is deleted. A version keeps its digest and a place for
    each, and says how many it lost; what was also met with somebody else, or declared, stays. Returns how many samples
    and which assets they had.
    """
    erased = []
    touched = Sample.objects.filter(subjects__contains=[subject]).order_by("pk")
    for sample in touched.select_for_update(no_key=True):
        left = [each for each in zip(sample.predictions, sample.subjects, strict=True) if each[1] != subject]
        sample.predictions = [prediction for prediction, _ in left]
        sample.subjects = [other for _, other in left]
        if not left and not sample.declared:
            sample.erased, sample.label = True, ""
            erased.append(sample.pk)
        sample.save(update_fields=["predictions", "subjects", "erased", "label"])
    files = SampleFile.objects.filter(sample__in=erased)
    freed = set(files.values_list("asset_id", flat=True))
    files.delete()
    return len(erased), freed
