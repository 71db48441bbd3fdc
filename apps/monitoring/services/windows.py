"""Writing the windows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from apps.core.clock import now
from apps.monitoring.models import GatewayReport, MetricWindow
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.entries import Entry, WindowKey, window_totals
from apps.monitoring.rules.receipts import Receipts, counted, received
from apps.monitoring.selectors import counts_of

#: How long windows are kept; charts show the last hour, the rest is for looking back.
KEEP = timedelta(days=7)


def windows_add(*, entries: Sequence[Entry]) -> int:
    """Count entries into their windows and return how many were new: each (gateway, seq) counts once, ever.

    Safe to repeat and safe beside other writers: a gateway's row is locked before its entries are looked at.
    """
    if not entries:
        return 0
    with transaction.atomic():
        fresh = _receive(entries)
        _merge(window_totals(fresh))
    return len(fresh)


def windows_expire() -> int:
    """Delete windows and silent gateways past their keep; returns how many windows went."""
    oldest = now() - KEEP
    GatewayReport.objects.filter(reported_at__lt=oldest).delete()
    return MetricWindow.objects.filter(start__lt=oldest).delete()[0]


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
    # In one order everywhere, so that two writers never wait for each other in a ring.
    rows = GatewayReport.objects.filter(pk__in=oldest).order_by("pk").select_for_update()
    return {row.gateway: row for row in rows}


def _note(report: GatewayReport, entry: Entry, receipts: Receipts) -> None:
    report.floor, report.ahead, report.lost = receipts.floor, sorted(receipts.ahead), receipts.lost
    moment = _moment(entry.to)
    if moment >= report.reported_at:
        report.reported_at, report.in_flight = moment, entry.in_flight
        report.dropped = max(report.dropped, entry.dropped)


def _merge(totals: dict[WindowKey, Counts]) -> None:
    keys = sorted(totals)
    MetricWindow.objects.bulk_create(
        [MetricWindow(start=_moment(start), deployment=name, revision=revision) for start, name, revision in keys],
        ignore_conflicts=True,
    )
    rows = [row for row in _locked_windows(keys) if _key(row) in totals]
    for row in rows:
        _set(row, total([counts_of(row), totals[_key(row)]]))
    MetricWindow.objects.bulk_update(rows, ["requests", "errors", "latency", "inputs"])


def _locked_windows(keys: list[WindowKey]) -> Sequence[MetricWindow]:
    return list(
        MetricWindow.objects.filter(
            start__in={_moment(start) for start, _, _ in keys}, deployment__in={name for _, name, _ in keys}
        )
        .order_by("pk")
        .select_for_update()
    )


def _key(row: MetricWindow) -> WindowKey:
    return int(row.start.timestamp()), row.deployment, row.revision


def _set(row: MetricWindow, counts: Counts) -> None:
    row.requests = counts.requests
    row.errors, row.latency, row.inputs = dict(counts.errors), dict(counts.latency), dict(counts.inputs)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
