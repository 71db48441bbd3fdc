"""Judging objectives: their minutes are counted, their windows summed, and their alerts raised and resolved."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from apps.core.clock import now
from apps.monitoring import selectors
from apps.monitoring.models import Objective
from apps.monitoring.rules.burn import PAIRS, WINDOWS, Sum, firing, worst
from apps.monitoring.rules.findings import Finding
from apps.monitoring.rules.objectives import ACCURACY
from apps.monitoring.rules.standing import Standing, left, surely_missed
from apps.monitoring.rules.wording import burning, missed
from apps.monitoring.services.alerts import alert_raise, alert_resolve
from apps.monitoring.services.minutes import minutes_count

log = structlog.get_logger(__name__)

_HOUR, _SOON = 3600, 300
_LONGEST = PAIRS[-1].long
#: Windows that every look sums; the longer are summed once a minute.
_SHORT = [length for length in WINDOWS if length < _LONGEST]
_CALM = "It holds again: its short window is calm."
_MET = "It is met again."


def objectives_judge(*, moment: datetime | None = None) -> int:
    """Judge every objective at `moment`, or now; returns how many there are. One that fails holds up no other."""
    moment = moment or now()
    objectives = list(Objective.objects.select_related("deployment"))
    over_requests = [each for each in objectives if each.kind != ACCURACY]
    minutes_count(objectives=over_requests, moment=moment)
    sums = selectors.window_sums([each.pk for each in over_requests], _SHORT, moment) if over_requests else {}
    heard = _heard(moment)
    for objective in objectives:
        try:
            if objective.kind == ACCURACY:
                _judge_labels(objective, moment)
            else:
                _judge_requests(objective, sums[objective.pk], moment, heard=heard)
        except Exception:
            log.exception("an objective could not be judged", objective=str(objective))
    return len(objectives)


def _heard(moment: datetime) -> bool:
    """Whether what is known reaches up to the last minutes: without that nothing is green."""
    until = selectors.heard_until()
    return until is not None and moment - until < timedelta(seconds=_SOON)


def _judge_requests(objective: Objective, sums: dict[int, Sum], moment: datetime, *, heard: bool) -> None:
    before, promise = Standing.from_json(objective.standing), objective.promise
    standing = before
    if _minute(before.at) != _minute(moment.timestamp()):
        standing = _measured(objective, moment)
    long = standing.long
    places = tuple(sorted(firing({**sums, _LONGEST: long}, promise.target, promise.least, before.firing)))
    found = Standing(
        at=moment.timestamp(),
        period=standing.period,
        recent=sums[_HOUR],
        long=long,
        firing=places,
        heard=heard,
        since=standing.since,
    )
    _tell(objective, before, found, lambda: _burning(objective, found, sums, moment), _CALM)


def _measured(objective: Objective, moment: datetime) -> Standing:
    """What only changes slowly: three days, and the whole period."""
    days = objective.period_days * 86_400
    sums = selectors.window_sums([objective.pk], {_LONGEST, days}, moment)[objective.pk]
    first = selectors.first_minute(objective, moment)
    return Standing(period=sums[days], long=sums[_LONGEST], since=first.timestamp() if first else None)


def _burning(objective: Objective, found: Standing, sums: dict[int, Sum], moment: datetime) -> Finding:
    pair, promise = worst(found.firing), objective.promise
    name = objective.deployment.name
    # What is told of are the last hours: which errors there were days ago helps nobody.
    since = moment - timedelta(seconds=min(pair.long, PAIRS[1].long))
    codes = selectors.failures_by_code(name, since, moment + timedelta(minutes=1))
    long = found.long if pair.long == _LONGEST else sums[pair.long]
    return burning(name, promise, found.firing, long, left(found, promise), codes)


def _judge_labels(objective: Objective, moment: datetime) -> None:
    before, promise = Standing.from_json(objective.standing), objective.promise
    name = objective.deployment.name
    period = selectors.labelled(name, selectors.days_ago(promise.days, moment))
    day = selectors.labelled(name, selectors.days_ago(1, moment))
    fires = surely_missed(day, period, promise, fired=bool(before.firing))
    found = Standing(
        at=moment.timestamp(),
        period=Sum(period.labelled, period.labelled - period.right),
        recent=Sum(day.labelled, day.labelled - day.right),
        firing=(0,) if fires else (),
        heard=True,  # labels do not come by the gateways
        coverage=period.coverage,
    )
    _tell(objective, before, found, lambda: missed(name, promise, day, period), _MET)


def _tell(objective: Objective, before: Standing, found: Standing, finding: Callable[[], Finding], why: str) -> None:
    """The alert first: a look that is broken off in between finds the same again. Once a minute its words are brought
    up to date."""
    fresh = _minute(before.at) != _minute(found.at)
    if found.firing and (fresh or found.firing != before.firing):
        alert_raise(finding=finding())
    elif not found.firing and (before.firing or not before.at):  # nothing is known of one that was just changed
        alert_resolve(key=(objective.kind, objective.deployment.name, objective.promise.name), why=why)
    if fresh or found.firing != before.firing or found.heard != before.heard:
        # Only where it is still the promise that was judged.
        same = Objective.objects.filter(pk=objective.pk, target=objective.target, least=objective.least)
        same.filter(period_days=objective.period_days).update(standing=found.as_json())


def _minute(seconds: float) -> int:
    return int(seconds // 60)
