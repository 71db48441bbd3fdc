"""Predictions past their keep go, with their feedback and the inputs that were kept of them."""

from datetime import datetime, timedelta

from django.db import connection

from apps.core.clock import now
from apps.deployments.rules.recording import DEFAULTS
from apps.deployments.selectors import record_keep
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.services.partitions import partitions_ahead, partitions_drop

#: A kept input whose prediction has not come by then has none: its subject was deleted meanwhile.
_ORPHAN = timedelta(days=1)


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
    for model in (Feedback, KeptInput):
        model.objects.filter(at__lt=oldest - timedelta(days=1)).delete()
    _orphans_delete()


def _delete(before: datetime, deployment: str) -> None:
    for model in (Feedback, KeptInput, Prediction):
        model._default_manager.filter(deployment=deployment, at__lt=before).delete()


def _orphans_delete() -> None:
    moment = now()
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from inference_keptinput k where k.at < %s and not exists "
            "(select from inference_prediction p where p.at = k.at and p.id = k.prediction)",
            [moment - _ORPHAN],
        )
