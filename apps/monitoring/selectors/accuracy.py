"""Reading how often models were right, by the time of the predictions, whenever their labels came."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection
from django.db.models import Count, Max, Sum

from apps.core.clock import now as clock_now
from apps.inference.models import Feedback
from apps.monitoring.models import AccuracyCount
from apps.monitoring.rules.accuracy import USUAL, WINDOWS, Course, Tally, course, starts

_STEPS = """
select revision, floor(extract(epoch from start) / %(step)s)::bigint * %(step)s,
       sum(predictions), sum(labelled), sum("right")
from monitoring_accuracycount where deployment = %(deployment)s and start >= %(since)s group by 1, 2
"""

#: The index of labels by the time they were given is `feedback_given` (migration 0003).
_GIVEN = """
select max(given_at), count(*) from inference_feedback
where deployment = %(deployment)s and given_at >= %(since)s and given_at < %(until)s
group by floor(extract(epoch from given_at) / %(step)s) order by 1
"""

#: Seconds: labels that come one after another are news once in so long; and how much of the past is looked at.
_NEWS, _MINUTE = 5, 60


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


def labels_lately(deployments: Sequence[str], now: datetime | None = None) -> dict[str, tuple[int, datetime]]:
    """How many labels each deployment has of this minute and the last, and the time of the last: other ones are news.

    Only those given before the present five seconds began: the last of many is news as the first is, within five
    seconds. The count tells of labels that were bound, or whose transaction ended, after later ones.
    """
    at = (now or clock_now()).timestamp()
    until, since = int(at) // _NEWS * _NEWS, int(at) // _MINUTE * _MINUTE - _MINUTE
    given = Feedback.objects.filter(given_at__gte=_moment(since), given_at__lt=_moment(until))
    of_each = given.filter(deployment__in=deployments).values_list("deployment").order_by("deployment")
    return {name: (count, last) for name, count, last in of_each.annotate(Count("given_at"), Max("given_at"))}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
