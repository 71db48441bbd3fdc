"""What a revision in the shadow made of the requests that the live one answered, pair by pair."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from apps.inference.models import Feedback, Mirror, Prediction
from apps.monitoring.rules.mirrored import Pair

#: The newest mirrors that are looked at.
_MOST = 4_000

#: Labels and confidences, a sample each.
Answer = tuple[Sequence[str], Sequence[float | None]]


def pairs(deployment: str, revision: int, since: datetime) -> list[Pair]:
    """The newest since then. One whose prediction was not recorded, or is not yet, tells times and failures alone."""
    rows = Mirror.objects.filter(deployment=deployment, revision=revision, at__gte=since).order_by("-at")[:_MOST]
    mirrors = list(rows)
    ids = [each.prediction for each in mirrors]
    live = _answers(ids, since)
    truths = _truths(ids, since)
    return [_pair(each, live.get(each.prediction), truths.get(each.prediction, [])) for each in mirrors]


def _pair(mirror: Mirror, live: Answer | None, truths: Sequence[tuple[int, str]]) -> Pair:
    labels, confidences = live or ([], [])
    return Pair(
        error=mirror.error,
        live_ms=mirror.live_busy_ms,
        candidate_ms=mirror.busy_ms,
        live_labels=labels,
        candidate_labels=mirror.labels,
        live_confidences=confidences,
        candidate_confidences=mirror.confidences,
        truths=truths,
    )


def _answers(ids: list[UUID], since: datetime) -> dict[UUID, Answer]:
    rows = Prediction.objects.filter(id__in=ids, at__gte=since).values_list("id", "labels", "confidences")
    return {pk: (labels, confidences) for pk, labels, confidences in rows}


def _truths(ids: list[UUID], since: datetime) -> dict[UUID, list[tuple[int, str]]]:
    rows = Feedback.objects.filter(prediction__in=ids, at__gte=since, bound_at__isnull=False)
    found: defaultdict[UUID, list[tuple[int, str]]] = defaultdict(list)
    for prediction, sample, truth in rows.values_list("prediction", "sample", "truth"):
        found[prediction].append((sample, truth))
    return found
