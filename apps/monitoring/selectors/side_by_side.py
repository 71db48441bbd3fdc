"""What two revisions of a deployment did at the same time, out of the recorded predictions."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import Mod, RowNumber

from apps.inference.models import Feedback, Prediction
from apps.monitoring.rules.counts import REFUSALS
from apps.monitoring.rules.side_by_side import Arm

#: Of each revision so many predictions are looked at.
_MOST = 4_000
#: Of the deployment so many of the newest are read to find them, which takes a third of a second: a revision with 5 %
#: of the traffic still has its most.
_READ = 100_000


def arms(deployment: str, revisions: Sequence[int], since: datetime) -> list[Arm]:
    """What each revision was asked and answered over the same time.

    The time begins where the revision with the fewest requests has its `_MOST`-th newest, at `since` at the earliest.
    Of the other as many are taken, evenly over that time: with the newest alone of each, a slow minute would be in one
    arm only, and with both cut to the shorter time too little of the smaller arm would be left to tell anything.
    """
    asked = Prediction.objects.filter(deployment=deployment, at__gte=since)
    if read := _oldest(asked, _READ):
        asked = asked.filter(at__gte=read)
    asked = asked.filter(revision__in=revisions)
    oldest = [_oldest(asked.filter(revision=each), _MOST) for each in revisions]
    if all(oldest):
        asked = asked.filter(at__gte=min(each for each in oldest if each))
    rows: dict[int, list[Any]] = {each: [] for each in revisions}
    for revision, *row in _thinned(asked):
        rows[revision].append(row)
    return [_arm(rows[each], since) for each in revisions]


def _oldest(asked: QuerySet[Prediction], count: int) -> datetime | None:
    """When the oldest of the `count` newest was asked; None where there are fewer."""
    return asked.order_by("-at").values_list("at", flat=True)[count - 1 : count].first()


def _thinned(asked: QuerySet[Prediction]) -> QuerySet[Prediction, Any]:
    """At most `_MOST` of each revision, evenly in time; one statement, so both to the same end."""
    all_of_it = Window(Count("*"), partition_by="revision")
    place = Window(RowNumber(), partition_by="revision", order_by=F("at").desc()) - 1
    taken = asked.annotate(turn=Mod(place * _MOST, all_of_it)).filter(turn__lt=_MOST)
    return taken.values_list("revision", "id", "error", "latency_ms", "samples", "labels", "confidences")


def _arm(found: Sequence[Any], since: datetime) -> Arm:
    answered = [row for row in found if not row[1]]
    refused = sum(row[1] in REFUSALS for row in found)
    labels = {pk: given for pk, _, _, _, given, _ in answered if given}
    labelled, right = _known(list(labels), labels, since)
    return Arm(
        requests=len(found),
        refused=refused,
        failed=len(found) - len(answered) - refused,
        latencies=[row[2] for row in answered],
        labels=_counted(answered),
        confidences=[each for _, _, _, samples, _, sure in answered for each in sure or [None] * samples],
        labelled=labelled,
        right=right,
    )


def _counted(answered: Sequence[Any]) -> Counter[str]:
    """How many samples were given each label, and "" where the model named none."""
    counted: Counter[str] = Counter()
    for _, _, _, samples, given, _ in answered:
        counted.update(given or {"": samples})
    return counted


def _known(ids: Sequence[UUID], labels: dict[UUID, list[str]], since: datetime) -> tuple[int, int]:
    """How many samples have a known truth, and how many of these were right."""
    truths = Feedback.objects.filter(at__gte=since, prediction__in=ids, bound_at__isnull=False)
    told = [
        labels[prediction][sample] == truth
        for prediction, sample, truth in truths.values_list("prediction", "sample", "truth")
        if sample < len(labels[prediction])
    ]
    return len(told), sum(told)
