"""Celery tasks of apps.drift."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from celery import shared_task

from apps.drift import services
from apps.drift.extra import EXTRA_SIGNALS
from apps.drift.services.muting import mutings_release_orphaned


@shared_task(name="drift.due")
def due() -> int:
    """Ask for the runs that are due, and give again what no run will. The control worker does this: it looks, and
    analyses nothing."""
    mutings_release_orphaned()
    return services.runs_request_due()


@shared_task(name=services.TASK)
def runs() -> int:
    """Do the runs that wait; on the analysis worker's queue."""
    return services.runs_perform()


def _agreement(deployment: str, revision: int, predictions: Sequence[UUID]) -> Mapping[tuple[UUID, int], Any]:
    """Loaded where runs are done alone: it brings numpy and the codecs along."""
    from workers.agreement import agreement_signals

    return agreement_signals(deployment, revision, predictions)


EXTRA_SIGNALS.append(_agreement)


@shared_task(name=services.REPORT_TASK)
def report(run_id: int, ticket: str) -> None:
    """Have Evidently's report of a run made; on the analysis worker's queue."""
    from workers.drift_report.make import report_make  # here: it loads numpy, which other workers do without

    report_make(run_id, UUID(ticket))
