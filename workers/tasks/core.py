"""Celery tasks of apps.core."""

from celery import shared_task

from workers.housekeeping import tidy
from workers.relay import relay_run


@shared_task(name="core.relay")
def relay() -> int:
    """Tell the outbox's waiting events."""
    return relay_run()


@shared_task(name="core.housekeeping")
def housekeeping() -> None:
    """Drop what has served its time."""
    tidy()
