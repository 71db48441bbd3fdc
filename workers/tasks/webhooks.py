"""Celery tasks of apps.webhooks."""

from celery import shared_task

from workers.deliver import deliver_run


@shared_task(name="webhooks.deliver")
def deliver() -> int:
    """Send what is due to webhook endpoints."""
    return deliver_run()
