"""Waking a Celery task. A lost poke costs a moment, never work: the control worker looks again every second."""

import structlog
from celery import current_app

log = structlog.get_logger(__name__)


def send(task: str) -> None:
    """Ask for a run of `task` now; its work must lie safe in the database already."""
    try:
        current_app.send_task(task, expires=5, retry=False)
    except Exception as error:  # any broker, any fault: the row is safe
        log.warning("poke lost", task=task, error=str(error))
