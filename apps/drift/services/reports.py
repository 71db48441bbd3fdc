"""Asking for Evidently's report of a run, and keeping what was made for a while."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from apps.core import audit
from apps.core.clock import now
from apps.core.models import User
from apps.core.outbox import emit
from apps.drift import store
from apps.drift.errors import RunNotDone
from apps.drift.events import ReportRequested
from apps.drift.models import DriftReport, DriftRun

#: The Celery task that makes one, on the queue of runs.
REPORT_TASK = "drift.report"
#: How long a report's file stays. It is made again in a minute, as long as what the run looked at is there.
KEPT = timedelta(days=1)
#: After so long nobody is making it any more, and it may be asked for again.
PATIENCE = timedelta(minutes=10)


def report_request(*, actor: User, run: DriftRun) -> DriftReport:
    """Have Evidently's report made. One that is on its way, or still there, is answered as it is."""
    if run.state != DriftRun.State.DONE:
        raise RunNotDone(f"Drift run {run.pk} is {run.get_state_display()}; there is nothing to report on.")
    with transaction.atomic():
        DriftRun.objects.select_for_update().get(pk=run.pk)  # two who ask at once ask for one
        found = DriftReport.objects.filter(run=run).first()
        if found and not report_askable(found):
            return found
        fresh = {"state": DriftReport.State.WAITING, "requested_by": actor, "requested_at": now(), "problem": ""}
        report, _ = DriftReport.objects.update_or_create(run=run, defaults=fresh | {"ticket": uuid4(), "file": ""})
        target = f"deployment:{run.deployment.name}"
        audit.record(actor=actor, action="drift.report_requested", target=target, run=run.pk)
        emit(ReportRequested(run_id=run.pk, ticket=str(report.ticket)))
    if found and found.file:
        store.remove(found.file)
    return report


def report_askable(report: DriftReport) -> bool:
    """Whether asking for it (again) has it made."""
    if report.state in (DriftReport.State.WAITING, DriftReport.State.RUNNING):
        return report.requested_at < now() - PATIENCE
    return not report.file or (report.expires_at is not None and report.expires_at < now())


def report_begin(*, run_id: int, ticket: UUID) -> DriftReport | None:
    """Take up the making of it; None for one that somebody makes or made, or that was asked for anew."""
    waiting = DriftReport.objects.filter(run_id=run_id, ticket=ticket, state=DriftReport.State.WAITING)
    if not waiting.update(state=DriftReport.State.RUNNING):
        return None
    return DriftReport.objects.select_related("run__profile", "run__deployment").get(run_id=run_id)


def report_finish(*, report: DriftReport, html: str, opinions: Mapping[str, Any], left_out: Mapping[str, str]) -> None:
    """Keep the page; what nobody waits for any more is dropped."""
    name, size = store.write(report.ticket, html)
    told = {"opinions": dict(opinions), "left_out": dict(left_out), "made_at": now(), "expires_at": now() + KEPT}
    if not _end(report, state=DriftReport.State.DONE, file=name, size=size, **told):
        store.remove(name)


def report_fail(*, report: DriftReport, problem: str) -> None:
    """Say why there is none."""
    _end(report, state=DriftReport.State.FAILED, problem=problem[:1000])


def _end(report: DriftReport, **fields: Any) -> bool:
    mine = DriftReport.objects.filter(run_id=report.run_id, ticket=report.ticket, state=DriftReport.State.RUNNING)
    return bool(mine.update(**fields))


def reports_expire() -> None:
    """Drop the files that have served their time; what Evidently said of each signal stays."""
    for report in DriftReport.objects.filter(expires_at__lt=now()).exclude(file=""):
        store.remove(report.file)
        DriftReport.objects.filter(pk=report.pk, file=report.file).update(file="", size=0)
    store.remove_older(now() - 2 * KEPT)
