"""Hands placed work to the nodes: the one place where an event becomes a Celery message."""

from uuid import UUID

from celery import current_app

from apps.drift.services import QUEUE, REPORT_TASK
from workers.queues import node_queue


def replica_start(*, event_id: UUID, replica_id: str, node: str) -> None:
    """Listener of deployments.replica_placed. A lost message is no harm: the reconciler places the replica again."""
    current_app.send_task("deployments.replica_host", args=[replica_id], queue=node_queue(node), expires=30)


def drift_report_make(*, event_id: UUID, run_id: int, ticket: str) -> None:
    """Listener of drift.report_requested. After ten minutes without an answer the report may be asked for anew."""
    current_app.send_task(REPORT_TASK, args=[run_id, ticket], queue=QUEUE, expires=600)
