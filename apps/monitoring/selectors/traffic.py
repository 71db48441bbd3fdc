"""Reading the windows: the last hour, the present, and how far behind the numbers are."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Max

from apps.core.clock import now as clock_now
from apps.monitoring.models import FLEET, GatewayReport, MetricWindow
from apps.monitoring.rules import WINDOW_SECONDS
from apps.monitoring.rules.counts import Counts
from apps.monitoring.rules.present import Present, present
from apps.monitoring.rules.series import Line, Series, series, starts, with_present

#: {start in unix seconds: {revision: counts}}
Windows = dict[int, dict[int, Counts]]
#: A gateway says something at least every 5 s; one that was silent three times as long is gone.
_GATEWAY_GONE = timedelta(seconds=15)


def present_numbers(names: Iterable[str], now: datetime | None = None) -> dict[str, Present]:
    """The numbers of each named deployment over the last ten seconds (FLEET names all of them together).

    One that was not asked has a rate of 0; when no gateway was heard, everything is unknown.
    """
    moment = (now or clock_now()).timestamp()
    previous, filling = starts(moment, 1)[-2:]
    found = _windows_by_deployment(previous)
    if FLEET not in found:
        return {name: Present() for name in names}
    return {
        name: present(found[name].get(filling, {}), found[name].get(previous, {}), moment - filling) for name in names
    }


def deployment_series(deployment: str, now: datetime | None = None, minutes: int = 60) -> Series:
    """The lines of one deployment's charts over the last `minutes`, ending with its present numbers."""
    moment = now or clock_now()
    at = starts(moment.timestamp(), minutes)
    lines = series(at, _windows(deployment, at[0]), set(_windows(FLEET, at[0])))
    return with_present(lines, present_numbers([deployment], moment)[deployment])


def sparklines(now: datetime | None = None, minutes: int = 60) -> dict[str, Line]:
    """Deployment name -> requests a second in each of the last `minutes`, None where no gateway was heard."""
    moment = (now or clock_now()).timestamp()
    this_minute = int(moment // 60) * 60
    at = [this_minute - 60 * back for back in reversed(range(1, minutes + 1))]
    requests, heard = _by_minute(at[0], this_minute)
    return {name: [_minute_rate(sums, heard, start) for start in at] for name, sums in requests.items()}


def seconds_behind(now: datetime | None = None) -> float | None:
    """How long ago the newest report ended; None before the first."""
    newest = GatewayReport.objects.aggregate(newest=Max("reported_at"))["newest"]
    return max(0.0, ((now or clock_now()) - newest).total_seconds()) if newest else None


def gateways_present(now: datetime | None = None) -> list[GatewayReport]:
    """The gateways that were heard within the last 15 s."""
    return list(GatewayReport.objects.filter(reported_at__gte=(now or clock_now()) - _GATEWAY_GONE).order_by("gateway"))


def _windows(deployment: str, since: int) -> Windows:
    found: Windows = defaultdict(dict)
    for window in MetricWindow.objects.filter(deployment=deployment, start__gte=_at(since)):
        found[int(window.start.timestamp())][window.revision] = counts_of(window)
    return found


def _windows_by_deployment(since: int) -> defaultdict[str, Windows]:
    found: defaultdict[str, Windows] = defaultdict(lambda: defaultdict(dict))
    for window in MetricWindow.objects.filter(start__gte=_at(since)):
        found[window.deployment][int(window.start.timestamp())][window.revision] = counts_of(window)
    return found


def counts_of(window: MetricWindow) -> Counts:
    """A row's counts as a value."""
    return Counts(window.requests, window.errors, window.latency, window.inputs)


def _by_minute(since: int, until: int) -> tuple[dict[str, Counter[int]], Counter[int]]:
    """Deployment name -> {start of minute: requests}; and {start of minute: windows that a gateway was heard in}."""
    rows = MetricWindow.objects.filter(start__gte=_at(since), start__lt=_at(until)).values_list(
        "deployment", "start", "requests"
    )
    requests: defaultdict[str, Counter[int]] = defaultdict(Counter)
    heard: Counter[int] = Counter()
    for name, start, count in rows:
        minute = int(start.timestamp()) // 60 * 60
        if name == FLEET:
            heard[minute] += 1
        else:
            requests[name][minute] += count
    return requests, heard


def _minute_rate(requests: Counter[int], heard: Counter[int], minute: int) -> float | None:
    """Over the part of the minute that is known: a gateway that came in its middle does not make a dip."""
    return requests[minute] / (heard[minute] * WINDOW_SECONDS) if heard[minute] else None


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
