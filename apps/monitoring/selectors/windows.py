"""Reading windows of one step over some time: those of the step, and the finer ones that are not rolled up into it
yet."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from apps.core.clock import now
from apps.monitoring.models import FLEET, MetricWindow
from apps.monitoring.rules import KEEP, STEPS
from apps.monitoring.rules.counts import LATENCY, Counts, total
from apps.monitoring.rules.sketches import decode, decode_one, within

#: {start in unix seconds: {revision: counts}}
Windows = dict[int, dict[int, Counts]]

_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests of some time; `failed` by the model's or the platform's fault, `refused` by the caller's, and those
    answered within so many milliseconds, where that was asked."""

    requests: int = 0
    failed: int = 0
    refused: int = 0
    within: int | None = None


def windows_between(deployments: Collection[str], step: int, since: int, until: int) -> dict[str, Windows]:
    """By deployment (FLEET is all of them), from `since` up to `until`, both in unix seconds and whole steps.

    A name of which nothing is known has no windows.
    """
    parts: defaultdict[tuple[str, int, int], list[Counts]] = defaultdict(list)
    for row in open_windows(step, since, until).filter(deployment__in=deployments).iterator():
        start = int(row.start.timestamp()) // step * step
        parts[row.deployment, start, row.revision].append(counts_of(row))
    found: dict[str, Windows] = {name: defaultdict(dict) for name in deployments}
    for (name, start, revision), counts in parts.items():
        found[name][start][revision] = total(counts)
    return found


def heard_between(step: int, since: int, until: int) -> dict[int, int]:
    """Start of a window -> seconds of it in which a gateway was heard; without those in which none was."""
    rows = open_windows(step, since, until).filter(deployment=FLEET).values_list("start", "heard")
    found: defaultdict[int, int] = defaultdict(int)
    for at, seconds in rows:
        found[int(at.timestamp()) // step * step] += seconds
    return {start: seconds for start, seconds in found.items() if seconds}


def traffic_between(
    deployment: str, since: datetime, until: datetime, within_ms: float | None = None, revisions: Iterable[int] = ()
) -> Traffic:
    """What a deployment was asked in the windows that begin from `since` up to `until`, of all its revisions or of
    some.

    It reads whole windows, as short ones as are still kept of `since`: of a second up to 15 minutes back, of ten up to
    a day, and else of a minute. Answers within the sketch's accuracy of `within_ms` may be taken for either.
    """
    step = _finest(since)
    rows = open_windows(step, int(since.timestamp()), int(until.timestamp())).filter(deployment=deployment)
    if wanted := list(revisions):
        rows = rows.filter(revision__in=wanted)
    found = total(Counts(requests, errors) for requests, errors in rows.values_list("requests", "errors"))
    quick = None
    if within_ms is not None:
        sketches = rows.values_list("sketches", flat=True)
        quick = sum(within(decode_one(bytes(raw), LATENCY), within_ms) for raw in sketches)
    return Traffic(found.requests, found.failed, found.refused, quick)


def open_windows(step: int, since: int, until: int) -> QuerySet[MetricWindow]:
    """What a step knows of the time from `since` up to `until`."""
    known = Q(step=step) | Q(step__lt=step, rolled=False)
    return MetricWindow.objects.filter(known, start__gte=moment(since), start__lt=moment(until))


def _finest(since: datetime) -> int:
    """The shortest step whose windows are all there still; a minute's margin is left for housekeeping."""
    age = now() - since
    return next((step for step in STEPS if age <= KEEP[step] - _MARGIN), STEPS[-1])


def counts_of(row: MetricWindow) -> Counts:
    """A row's counts as a value."""
    return Counts(row.requests, row.errors, row.inputs, row.samples, decode(bytes(row.sketches)), row.heard)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
