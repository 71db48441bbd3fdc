"""Reading objectives: their requests by the minute, and sums of minutes.

`minutes_of` and `minutes_heard` are the only places here that know how windows are kept.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models import Sum as Total

from apps.core.clock import now as clock_now
from apps.monitoring.models import AccuracyCount, GatewayReport, MetricWindow, Objective, ObjectiveMinute
from apps.monitoring.rules.accuracy import Tally
from apps.monitoring.rules.burn import Sum
from apps.monitoring.rules.counts import Counts, merged_errors, total
from apps.monitoring.rules.standing import Standing
from apps.monitoring.selectors.windows import heard_between, moment, windows_between


def minutes_of(deployment: str, since: datetime, until: datetime) -> dict[datetime, Counts]:
    """Start of a minute -> what it held, from `since` to before `until`; without minutes in which nobody asked."""
    windows = windows_between([deployment], 60, *_seconds(since, until))[deployment]
    return {moment(start): total(by_revision.values()) for start, by_revision in windows.items()}


def minutes_heard(since: datetime, until: datetime) -> set[datetime]:
    """Starts of the minutes in which a gateway was heard."""
    return {moment(start) for start in heard_between(60, *_seconds(since, until))}


def _seconds(since: datetime, until: datetime) -> tuple[int, int]:
    return int(since.timestamp()), ceil(until.timestamp())


def first_window(deployment: str) -> datetime | None:
    """When the first window of a deployment that is kept begins."""
    found: datetime | None = MetricWindow.objects.filter(deployment=deployment).aggregate(first=Min("start"))["first"]
    return found


def heard_until() -> datetime | None:
    """Up to when anything is known; None before the first report of any gateway."""
    found: datetime | None = GatewayReport.objects.aggregate(newest=Max("reported_at"))["newest"]
    return found


def failures_by_code(deployment: str, since: datetime, until: datetime) -> dict[str, int]:
    """Requests that failed by the model's or the platform's fault, by error code, the most frequent first."""
    errors = merged_errors(minutes_of(deployment, since, until).values())
    return dict(sorted(errors.items(), key=lambda each: -each[1]))


def minute(moment: datetime) -> datetime:
    """The start of the minute that `moment` lies in."""
    return moment.replace(second=0, microsecond=0)


def window_sums(objectives: Collection[int], lengths: Iterable[int], moment: datetime) -> dict[int, dict[int, Sum]]:
    """Objective id -> length of a window in seconds -> what it held: the minute of `moment` and those before."""
    wanted = sorted(lengths)
    starts = {length: minute(moment) - timedelta(seconds=length) for length in wanted}
    rows = ObjectiveMinute.objects.filter(objective__in=objectives, start__gte=starts[wanted[-1]])
    sums: dict[str, Total | Count] = {}
    for length, start in starts.items():
        within = Q(start__gte=start)
        sums[f"total_{length}"] = Total("total", filter=within, default=0)
        sums[f"bad_{length}"] = Total("bad", filter=within, default=0)
        sums[f"minutes_{length}"] = Count("pk", filter=within)
    found: dict[int, dict[int, Sum]] = {pk: dict.fromkeys(wanted, Sum()) for pk in objectives}
    row: dict[str, Any]
    for row in rows.order_by().values("objective").annotate(**sums):  # type: ignore[assignment]
        each = {n: Sum(row[f"total_{n}"], row[f"bad_{n}"], row[f"minutes_{n}"]) for n in wanted}
        found[row["objective"]] = each
    return found


def first_minute(objective: Objective, moment: datetime) -> datetime | None:
    """The first minute that is known of the objective's period."""
    since = minute(moment) - timedelta(days=objective.period_days)
    minutes = ObjectiveMinute.objects.filter(objective=objective, start__gte=since)
    found: datetime | None = minutes.aggregate(first=Min("start"))["first"]
    return found


def labelled(deployment: str, since: datetime) -> Tally:
    """Samples of predictions made from `since` on: all revisions together."""
    counts = AccuracyCount.objects.filter(deployment=deployment, start__gte=since)
    sums = counts.aggregate(Total("predictions", default=0), Total("labelled", default=0), Total("right", default=0))
    return Tally(sums["predictions__sum"], sums["labelled__sum"], sums["right__sum"])


def objectives_of(deployment: str) -> QuerySet[Objective]:
    """A deployment's objectives."""
    return Objective.objects.filter(deployment__name=deployment).select_related("deployment", "created_by")


def objectives_by_name() -> Mapping[tuple[str, str], tuple[Objective, Standing]]:
    """(deployment, objective's name) -> it and how it stood at the last look."""
    found = Objective.objects.select_related("deployment")
    return {(each.deployment.name, each.promise.name): (each, Standing.from_json(each.standing)) for each in found}


def days_ago(days: int, moment: datetime | None = None) -> datetime:
    """The start of the minute so many days ago."""
    return minute(moment or clock_now()) - timedelta(days=days)
