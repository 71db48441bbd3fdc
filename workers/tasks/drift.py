"""Celery tasks of apps.drift."""

from uuid import UUID

from celery import shared_task

from apps.drift import services


@shared_task(name="drift.due")
def due() -> int:
    """Ask for the runs that are due. The control worker does this: it looks, and analyses nothing."""
    return services.runs_request_due()


@shared_task(name=services.TASK)
def runs() -> int:
    """Do the runs that wait; on the analysis worker's queue."""
    return services.runs_perform()


@shared_task(name=services.REPORT_TASK)
def report(run_id: int, ticket: str) -> None:
    """Have Evidently's report of a run made; on the analysis worker's queue."""
    from workers.drift_report.make import report_make  # here: it loads numpy, which other workers do without

    report_make(run_id, UUID(ticket))
