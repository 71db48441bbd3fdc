"""Predictions past their keep go, with their feedback and the inputs that were kept of them."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.core.clock import now
from apps.datasets.models import Asset
from apps.datasets.services import assets_forget
from apps.deployments.rules.recording import DEFAULTS
from apps.deployments.selectors import record_keep
from apps.inference.models import Feedback, KeptInput, Mirror, Prediction
from apps.inference.services.partitions import partitions_ahead, partitions_drop

#: A kept input whose prediction has not come by then has none: its subject was deleted meanwhile.
_ORPHAN = timedelta(days=1)
#: They are looked for as they pass that age, not among all there ever were. Housekeeping is not away for longer.
_ORPHANS_LOOKED_AT = timedelta(hours=6)
#: Kept inputs deleted in one transaction.
_AT_ONCE = 1000


def predictions_expire() -> None:
    """Make the coming days' partitions, drop those that no deployment keeps, and delete what some keep for less.

    Those that are kept for longest go a day at a time, so up to a day later.
    """
    partitions_ahead()
    keep = record_keep()
    longest = max([DEFAULTS["keep_days"], *keep.values()])
    for deployment, days in keep.items():
        if days < longest:
            _delete(now() - timedelta(days=days), deployment)
    oldest = now() - timedelta(days=longest)
    partitions_drop(before=oldest)
    Feedback.objects.filter(at__lt=oldest - timedelta(days=1)).delete()
    _kept_delete(KeptInput.objects.filter(at__lt=oldest - timedelta(days=1)))
    _kept_delete(_orphans())


def _delete(before: datetime, deployment: str) -> None:
    Feedback.objects.filter(deployment=deployment, at__lt=before).delete()
    _kept_delete(KeptInput.objects.filter(deployment=deployment, at__lt=before))
    Mirror.objects.filter(deployment=deployment, at__lt=before).delete()
    Prediction.objects.filter(deployment=deployment, at__lt=before).delete()


def _kept_delete(rows: QuerySet[KeptInput]) -> None:
    """And with them the assets that nothing else refers to, as many at once as one transaction should hold."""
    while found := dict(rows.values_list("pk", "asset_id")[:_AT_ONCE]):
        with transaction.atomic():
            KeptInput.objects.filter(pk__in=found).delete()
            assets_forget(among=Asset.objects.filter(pk__in=set(found.values())))


def _orphans() -> QuerySet[KeptInput]:
    moment = now()
    predictions = Prediction.objects.filter(at=OuterRef("at"), id=OuterRef("prediction"))
    passing = KeptInput.objects.filter(at__range=(moment - _ORPHAN - _ORPHANS_LOOKED_AT, moment - _ORPHAN))
    return passing.filter(~Exists(predictions))
