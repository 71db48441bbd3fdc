"""Writing the windows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q

from apps.monitoring.models import FLEET, GatewayReport, MetricTotal, MetricWindow
from apps.monitoring.rules import COARSER, STEPS
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.entries import Entry, Row, WindowKey, rolled, window_totals
from apps.monitoring.rules.receipts import Receipts, counted, received
from apps.monitoring.rules.sketches import encode
from apps.monitoring.rules.totals import added, of_row
from apps.monitoring.selectors import counts_of
from apps.monitoring.services.minutes import late, minutes_reopen


def windows_add(*, entries: Sequence[Entry]) -> int:
    """Count entries into their seconds and the totals, and return how many were new: each (gateway, seq) counts once,
    ever.

    Safe to repeat and safe beside other writers: a gateway's row is locked before its entries are looked at.
    """
    if not entries:
        return 0
    with transaction.atomic():
        fresh = _receive(entries)
        totals = window_totals(fresh)
        windows_merge(STEPS[0], totals)
        minutes_reopen(seconds=_late(totals))
        _add_up([row for entry in fresh for row in entry.rows])
    return len(fresh)


def _late(totals: Mapping[WindowKey, Counts]) -> dict[str, int]:
    """Deployment -> the first of its seconds that objectives may have counted without this."""
    return {name: second for second, name, _ in sorted(totals, reverse=True) if name != FLEET and late(second)}


def windows_merge(step: int, totals: Mapping[WindowKey, Counts]) -> None:
    """Add counts to windows of `step` seconds, in the caller's transaction; what comes too late for a window's rolling
    up is added to the next step's, too.

    Everybody takes rows in one order, finer steps first, so that two writers never wait for each other in a ring.
    """
    keys = sorted(totals)
    MetricWindow.objects.bulk_create(
        [MetricWindow(step=step, start=_moment(at), deployment=name, revision=number) for at, name, number in keys],
        ignore_conflicts=True,
    )
    rows = [row for row in _locked_windows(step, keys) if key_of(row) in totals]
    late = {}
    for row in rows:
        more = _new(row, totals[key_of(row)])
        _set(row, total([counts_of(row), more]))
        if row.rolled:
            late[key_of(row)] = more
    MetricWindow.objects.bulk_update(rows, ["heard", "requests", "samples", "errors", "inputs", "sketches"])
    if late:
        windows_merge(COARSER[step], rolled(late, COARSER[step]))


def _new(row: MetricWindow, more: Counts) -> Counts:
    """A second in which several gateways were heard was heard once."""
    if row.deployment != FLEET:
        return more
    heard = min(more.heard, row.step - row.heard)
    return Counts(more.requests, more.errors, more.inputs, more.samples, more.sketches, heard)


def _receive(entries: Sequence[Entry]) -> list[Entry]:
    """The entries not counted before, now marked as counted."""
    reports = _locked_reports(entries)
    fresh = []
    for entry in entries:
        report = reports[entry.gateway]
        receipts = Receipts(report.floor, frozenset(report.ahead), report.lost)
        if counted(receipts, entry.seq):
            continue
        fresh.append(entry)
        _note(report, entry, received(receipts, entry.seq))
    fields = ["floor", "ahead", "lost", "dropped", "in_flight", "reported_at"]
    GatewayReport.objects.bulk_update(reports.values(), fields)
    return fresh


def _locked_reports(entries: Sequence[Entry]) -> dict[str, GatewayReport]:
    oldest = {entry.gateway: _moment(entry.to) for entry in reversed(entries)}
    new = [GatewayReport(gateway=gateway, reported_at=at) for gateway, at in sorted(oldest.items())]
    GatewayReport.objects.bulk_create(new, ignore_conflicts=True)
    # In one order everywhere, as with the windows.
    rows = GatewayReport.objects.filter(pk__in=oldest).order_by("pk").select_for_update()
    return {row.gateway: row for row in rows}


def _note(report: GatewayReport, entry: Entry, receipts: Receipts) -> None:
    report.floor, report.ahead, report.lost = receipts.floor, sorted(receipts.ahead), receipts.lost
    moment = _moment(entry.to)
    if moment >= report.reported_at:
        report.reported_at, report.in_flight = moment, entry.in_flight
        report.dropped = max(report.dropped, entry.dropped)


def _locked_windows(step: int, keys: list[WindowKey]) -> Sequence[MetricWindow]:
    return list(
        MetricWindow.objects.filter(
            step=step, start__in={_moment(start) for start, _, _ in keys}, deployment__in={name for _, name, _ in keys}
        )
        .order_by("pk")
        .select_for_update()
    )


def key_of(row: MetricWindow) -> WindowKey:
    """What it counts."""
    return int(row.start.timestamp()), row.deployment, row.revision


def _set(row: MetricWindow, counts: Counts) -> None:
    row.heard, row.requests, row.samples = counts.heard, counts.requests, counts.samples
    row.errors, row.inputs, row.sketches = dict(counts.errors), dict(counts.inputs), encode(counts.sketches)


def _add_up(rows: Sequence[Row]) -> None:
    """Add to what is counted since the beginning."""
    more: dict[tuple[str, int], dict[str, float]] = {}
    for row in rows:
        place = row.deployment, row.revision
        more[place] = added(more.get(place, {}), of_row(row))
    new = [MetricTotal(deployment=name, revision=number) for name, number in sorted(more)]
    MetricTotal.objects.bulk_create(new, ignore_conflicts=True)
    if not more:
        return
    these = Q(*(Q(deployment=name, revision=number) for name, number in sorted(more)), _connector=Q.OR)
    totals = list(MetricTotal.objects.filter(these).order_by("deployment", "revision").select_for_update())
    for each in totals:
        each.counts = added(each.counts, more[each.deployment, each.revision])
    MetricTotal.objects.bulk_update(totals, ["counts"])


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
