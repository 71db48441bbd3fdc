"""Celery tasks of apps.deployments."""

from contextlib import suppress
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

from apps.deployments import services
from workers import observe
from workers.host import ReplicaHost
from workers.node import LIFE
from workers.tick import reconcile_once


@shared_task(name="deployments.reconcile")
def reconcile() -> None:
    """One pass of the reconciler."""
    reconcile_once()


@shared_task(name="deployments.replica_host")
def replica_host(replica_id: str) -> None:
    """Look after one replica to its end; then ask for a pass, so that a crash is mended at once."""
    ReplicaHost(UUID(replica_id), LIFE).run()
    with suppress(OperationalError):  # the control worker makes a pass every second
        reconcile.apply_async(expires=2)


@shared_task(name="deployments.sweep")
def sweep() -> None:
    """Drop what ended revisions and replicas left behind."""
    services.replicas_expire()
    observe.streams_sweep()
