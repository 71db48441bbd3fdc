"""Reading how often models were right, by the time of the predictions, whenever their labels came."""

from datetime import UTC, datetime

from django.db import connection
from django.db.models import Sum

from apps.core.clock import now as clock_now
from apps.monitoring.models import AccuracyCount
from apps.monitoring.rules.accuracy import USUAL, WINDOWS, Course, Tally, course, starts

_STEPS = """
select revision, floor(extract(epoch from start) / %(step)s)::bigint * %(step)s,
       sum(predictions), sum(labelled), sum("right")
from monitoring_accuracycount where deployment = %(deployment)s and start >= %(since)s group by 1, 2
"""

#: The index is `feedback_given` (migration 0003).
_GIVEN = """
select max(given_at), count(*) from inference_feedback
where deployment = %(deployment)s and given_at >= %(since)s and given_at < %(until)s
group by floor(extract(epoch from given_at) / %(step)s) order by 1
"""


def deployment_accuracy(deployment: str, window: str = USUAL, now: datetime | None = None) -> Course:
    """The course of one deployment's revisions over a window, which is one of WINDOWS by name."""
    step = WINDOWS[window].step
    at = starts((now or clock_now()).timestamp(), WINDOWS[window])
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"step": step, "deployment": deployment, "since": _moment(at[0])})
        rows = [(revision, int(start), Tally(*map(int, sums))) for revision, start, *sums in cursor.fetchall()]
    return course(at, step, rows)


def accuracy_by_deployment(window: str = USUAL, now: datetime | None = None) -> dict[str, Tally]:
    """Each deployment's revisions together over a window; without those of which nothing was predicted."""
    since = _moment(starts((now or clock_now()).timestamp(), WINDOWS[window])[0])
    sums = AccuracyCount.objects.filter(start__gte=since).values_list("deployment")
    found = sums.annotate(Sum("predictions"), Sum("labelled"), Sum("right")).order_by("deployment")
    return {name: Tally(*counts) for name, *counts in found if any(counts)}


def labels_given(deployment: str, since: datetime, until: datetime, step: int) -> list[tuple[datetime, int]]:
    """When labels arrived, in groups of at most `step` seconds: the moment of the last, and how many."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, {"deployment": deployment, "since": since, "until": until, "step": step})
        return [(at, int(count)) for at, count in cursor.fetchall()]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
