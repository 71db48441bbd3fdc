"""Freezing what was met with what was known: old data and newly labelled predictions."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.core.models import User
from apps.datasets.access import freezer
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import version_samples
from apps.datasets.services import version_freeze
from apps.deployments.models import Deployment
from apps.inference.selectors import labelled_samples
from apps.inference.services import erasures_held_off


def dataset_freeze(
    *,
    actor: User,
    name: str,
    deployment: Deployment,
    after: datetime,
    before: datetime,
    old: Sequence[DatasetVersion] = (),
    without: Sequence[DatasetVersion] = (),
    slices: Sequence[str] = (),
) -> tuple[DatasetVersion, bool]:
    """Freeze the samples of `old` with the labelled predictions of `deployment` between two moments, as version_freeze.

    The newly labelled ones get the `slices`. What is recorded of deleted subjects is gone, and none is
    deleted meanwhile.
    """
    freezer(actor)
    with transaction.atomic():
        erasures_held_off()
        known = [sample for version in old for sample in version_samples(version)]
        met = labelled_samples(deployment=deployment.name, after=after, before=before, slices=slices)
        source = {
            "deployment": deployment.name,
            "after": after.isoformat(),
            "before": before.isoformat(),
            "old": [str(version) for version in old],
            "without": [str(version) for version in without],
            "met": len(met),
        }
        return version_freeze(actor=actor, name=name, samples=[*known, *met], without=without, source=source)
