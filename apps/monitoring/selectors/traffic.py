"""What pages and Prometheus are told of traffic: the present, a chart's time, and how far behind the numbers are."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max

from apps.core.clock import now as clock_now
from apps.monitoring.models import FLEET, GatewayReport, MetricTotal
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.figures import Figures, figures
from apps.monitoring.rules.series import RANGES, USUAL_RANGE, Line, Series, series, shown, starts
from apps.monitoring.rules.totals import Totals
from apps.monitoring.selectors.windows import Windows, heard_between, open_windows, windows_between

#: Windows of a second that present numbers are over, the one that is filling among them.
PRESENT = 10
#: What gateways saw is read so many seconds later at most, while anything is asked.
_LAG = 1.5
#: A gateway says something at least every 5 s; one that was silent three times as long is gone.
_GATEWAY_GONE = timedelta(seconds=15)


def present_numbers(names: Iterable[str], now: datetime | None = None) -> dict[str, Figures]:
    """The figures of each named deployment (FLEET names all of them together) over the last ten seconds.

    One that was not asked has a rate of 0; when no gateway was heard, everything is unknown.
    """
    moment, wanted = now or clock_now(), list(names)
    since = present_since(moment)
    until = int(moment.timestamp()) + 2  # a gateway's clock may be ahead by a little
    if not heard_between(1, since, until):
        return {name: Figures() for name in wanted}
    behind = min(seconds_behind(moment) or 0.0, _LAG)
    seconds = moment.timestamp() - since - behind
    return {
        name: figures(_together(windows), seconds) for name, windows in windows_between(wanted, 1, since, until).items()
    }


def present_since(now: datetime) -> int:
    """The first second that the present numbers are over, in unix seconds."""
    return int(now.timestamp()) - PRESENT + 1


def deployment_series(deployment: str, now: datetime | None = None, over: str = USUAL_RANGE) -> Series:
    """The lines of one deployment's charts over one of RANGES by name, ending with its present numbers."""
    moment, (length, step) = now or clock_now(), RANGES[over]
    at = starts(moment.timestamp(), length, step)
    points = deployment_windows(deployment, at, step)
    present = present_numbers([deployment], moment)[deployment]
    return series(at, step, [*points[:-1], None if present.rate is None else present])


def deployment_windows(deployment: str, at: list[int], step: int) -> list[Figures | None]:
    """The figures of windows of `step` seconds that start `at`, None for gaps; a step is one of those kept, or whole
    minutes."""
    kept = min(step, 60)
    span = at[0], at[-1] + step
    found = windows_between([deployment], kept, *span)[deployment]
    heard = heard_between(kept, *span)
    if kept == step:
        return shown(at, found, heard)
    wider: Counter[int] = Counter()
    for start, seconds in heard.items():
        wider[start // step * step] += seconds
    return shown(at, _widened(found, step), wider)


def sparklines(now: datetime | None = None, minutes: int = 60) -> dict[str, Line]:
    """Deployment name -> requests a second in each of the last `minutes`, None where no gateway was heard.

    Over the part of a minute that is known: a gateway that came in its middle does not make a dip.
    """
    this_minute = int((now or clock_now()).timestamp()) // 60 * 60
    at = [this_minute - 60 * back for back in reversed(range(1, minutes + 1))]
    heard = heard_between(60, at[0], this_minute)
    requests: defaultdict[str, Counter[int]] = defaultdict(Counter)
    rows = open_windows(60, at[0], this_minute).exclude(deployment=FLEET)
    for name, start, count in rows.values_list("deployment", "start", "requests"):
        requests[name][int(start.timestamp()) // 60 * 60] += count
    return {
        name: [sums[start] / heard[start] if start in heard else None for start in at]
        for name, sums in requests.items()
    }


def totals_by_revision() -> dict[tuple[str, int], Totals]:
    """(deployment, revision) -> what was counted of it since the beginning."""
    rows = MetricTotal.objects.order_by("deployment", "revision").values_list("deployment", "revision", "counts")
    return {(name, revision): counts for name, revision, counts in rows}


def seconds_behind(now: datetime | None = None) -> float | None:
    """How long ago the newest report ended; None before the first."""
    newest = GatewayReport.objects.aggregate(newest=Max("reported_at"))["newest"]
    return max(0.0, ((now or clock_now()) - newest).total_seconds()) if newest else None


def gateways_present(now: datetime | None = None) -> list[GatewayReport]:
    """The gateways that were heard within the last 15 s."""
    return list(GatewayReport.objects.filter(reported_at__gte=(now or clock_now()) - _GATEWAY_GONE).order_by("gateway"))


def _together(windows: Windows) -> dict[int, Counts]:
    """All windows as one, by revision."""
    parts: defaultdict[int, list[Counts]] = defaultdict(list)
    for by_revision in windows.values():
        for revision, counts in by_revision.items():
            parts[revision].append(counts)
    return {revision: total(counts) for revision, counts in parts.items()}


def _widened(windows: Windows, step: int) -> Windows:
    """The same counts in windows of so many seconds."""
    parts: defaultdict[int, Windows] = defaultdict(dict)
    for start, by_revision in windows.items():
        parts[start // step * step][start] = by_revision
    return {start: _together(each) for start, each in parts.items()}
