"""Counting the minutes of objectives from the windows, a little at each look.

Sums over weeks are asked for all the time, and an objective may ask of each request what no window keeps, as how many
were within 250 ms. So each objective has minutes of its own: two numbers each.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from apps.core.clock import now
from apps.monitoring import selectors
from apps.monitoring.models import Objective, ObjectiveMinute
from apps.monitoring.rules.counts import Counts
from apps.monitoring.rules.objectives import MOST_DAYS, judged

#: What is counted of an objective's past in one look: a new one's takes a few.
_AT_ONCE = timedelta(days=1)
#: Windows may still grow for so long after their time: a gateway's report may be late.
_LATE = timedelta(minutes=5)
_KEEP = timedelta(days=MOST_DAYS + 1)


def minutes_count(*, objectives: Sequence[Objective], moment: datetime) -> None:
    """Bring the minutes of these objectives up to `moment`, as far as gateways were heard."""
    if not objectives or (until := selectors.heard_until()) is None:
        return
    for objective in objectives:
        _count(objective, min(until, moment))


def _count(objective: Objective, until: datetime) -> None:
    since = _since(objective, until)
    end = min(until + timedelta(minutes=1), since + _AT_ONCE)
    held = selectors.minutes_of(objective.deployment.name, since, end)
    found = {
        start: judged(objective.promise, held.get(start, Counts())) for start in selectors.minutes_heard(since, end)
    }
    _write(objective, found, since, end)
    counted = min(until, end)
    if counted != objective.counted_until:
        # Not where it was set back meanwhile: then the next look counts what came late.
        as_it_was = Objective.objects.filter(pk=objective.pk, counted_until=objective.counted_until)
        as_it_was.update(counted_until=counted)


def minutes_reopen(*, seconds: Mapping[str, float]) -> None:
    """Have the minutes counted again since a second (unix) in which so much came late: by deployment.

    After an outage what waited in the stream is counted out of order; what an objective's usual overlap does not reach
    would be in the windows and never in its budget. In the transaction that adds to the windows.
    """
    for deployment, at in sorted(seconds.items()):
        reach = datetime.fromtimestamp(at, UTC) + _LATE
        Objective.objects.filter(deployment__name=deployment, counted_until__gt=reach).update(counted_until=reach)


def late(second: float) -> bool:
    """Whether a look that has been may have missed what is counted into this second by now."""
    return second < (now() - _LATE).timestamp()


def _since(objective: Objective, until: datetime) -> datetime:
    """Where counting goes on: a little before where it ended, or where a new one's deployment was first asked."""
    oldest = selectors.days_ago(MOST_DAYS, until)
    if objective.counted_until is not None:
        return max(oldest, selectors.minute(objective.counted_until - _LATE))
    first = selectors.first_window(objective.deployment.name)
    return max(oldest, selectors.minute(min(first or until, until)))


def _write(objective: Objective, found: dict[datetime, tuple[int, int]], since: datetime, end: datetime) -> None:
    """Those minutes that have changed: of most there is nothing to write."""
    rows = ObjectiveMinute.objects.filter(objective=objective, start__gte=since, start__lt=end)
    known = {start: (total, bad) for start, total, bad in rows.values_list("start", "total", "bad")}
    changed = [
        ObjectiveMinute(objective=objective, start=start, total=total, bad=bad)
        for start, (total, bad) in sorted(found.items())
        if known.get(start) != (total, bad)
    ]
    ObjectiveMinute.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["objective", "start"], update_fields=["total", "bad"]
    )


def minutes_expire() -> None:
    """Drop what no period reaches."""
    ObjectiveMinute.objects.filter(start__lt=now() - _KEEP).delete()
