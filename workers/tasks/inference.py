"""Celery tasks of apps.inference."""

from celery import shared_task

from apps.inference.services import routing_keep as keep


@shared_task(name="inference.routing_keep")
def routing_keep() -> int:
    """See that gateways find the present routing snapshot."""
    return keep()
