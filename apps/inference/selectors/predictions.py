"""Reading predictions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from redis import Redis, RedisError

from apps.deployments.selectors import revision_outputs
from apps.inference.models import Prediction, RecordTally
from apps.inference.rules.ids import moment
from apps.registry.rules.roles import label_output

#: The stream of records; workers/serving/names.py names the same.
PREDICTIONS = "quartet:predictions"


class LabelOutputs:
    """The label output of each revision that is asked about, looked up once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], Mapping[str, Any] | None] = {}

    def of(self, prediction: Prediction) -> Mapping[str, Any] | None:
        """That of the prediction's revision; None where it has none."""
        key = (prediction.deployment, prediction.revision)
        if key not in self._found:
            self._found[key] = label_output(revision_outputs(*key))
        return self._found[key]


def predictions_by_id(ids: Collection[UUID]) -> dict[UUID, Prediction]:
    """Those that are recorded; each is looked for in the partition of its day alone."""
    times = {at for each in ids if (at := moment(each))}
    return {row.id: row for row in Prediction.objects.filter(at__in=times, id__in=ids)}


def predictions_list(
    *,
    allowed: Sequence[str] = (),
    deployment: str = "",
    after: datetime | None = None,
    before: datetime | None = None,
    failed: bool | None = None,
    error: str = "",
    label: str = "",
) -> QuerySet[Prediction]:
    """Predictions of the `allowed` deployments, or of all; from `after` on and earlier than `before`."""
    found = Prediction.objects.all()
    if allowed:
        found = found.filter(deployment__in=allowed)
    if deployment:
        found = found.filter(deployment=deployment)
    if after:
        found = found.filter(at__gte=after)
    if before:
        found = found.filter(at__lt=before)
    if failed is not None:
        found = found.exclude(error="") if failed else found.filter(error="")
    if error:
        found = found.filter(error=error)
    return found.filter(labels__contains=[label]) if label else found


def predictions_tally() -> RecordTally:
    """The counts so far."""
    return RecordTally.objects.filter(pk=1).first() or RecordTally()


def predictions_waiting() -> int | None:
    """Batches of records that wait in the stream for ingest; None where Valkey does not say."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            length: Any = client.xlen(PREDICTIONS)
    except RedisError:
        return None
    return int(length)
