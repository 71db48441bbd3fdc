"""Hands placed work to the nodes: the one place where an event becomes a Celery message."""

from uuid import UUID

from celery import current_app

from workers.queues import node_queue


def replica_start(*, event_id: UUID, replica_id: str, node: str) -> None:
    """Listener of deployments.replica_placed. A lost message is no harm: the reconciler places the replica again."""
    current_app.send_task("deployments.replica_host", args=[replica_id], queue=node_queue(node), expires=30)
