"""Waking a Celery task. A lost poke costs a moment, never work: what is due is looked for again in time."""

import structlog
from celery import current_app

log = structlog.get_logger(__name__)


def send(task: str, queue: str | None = None) -> None:
    """Ask for a run of `task` now, on another queue than the control worker's where one is named; its work must lie
    safe in the database already."""
    try:
        current_app.send_task(task, queue=queue, expires=5, retry=False)
    except Exception as error:  # any broker, any fault: the row is safe
        log.warning("poke lost", task=task, error=str(error))
