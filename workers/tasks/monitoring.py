"""Celery tasks of apps.monitoring."""

from celery import shared_task

from workers.post import post_run


@shared_task(name="monitoring.post")
def post() -> int:
    """Send the mails that are due."""
    return post_run()
