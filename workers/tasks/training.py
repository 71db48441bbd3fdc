"""Celery tasks of apps.training."""

import threading
from uuid import UUID

from celery import shared_task
from django.conf import settings

from apps.training.services import RETRAIN_TASK, retraining_begin
from workers.node import LIFE
from workers.training.host import JobHost

#: Jobs that this worker runs at once; what comes beyond is left to wait.
_SLOTS = threading.BoundedSemaphore(max(1, settings.QUARTET_TRAINING_SLOTS))


@shared_task(name="training.job_host")
def job_host(job_id: str) -> None:
    """Look after one training job to its end; nothing where this worker's slots are taken or it is stopping."""
    if LIFE.stopping.is_set() or not _SLOTS.acquire(blocking=False):
        return
    try:
        JobHost(UUID(job_id), LIFE).run()
    finally:
        _SLOTS.release()


@shared_task(name=RETRAIN_TASK)
def retrain() -> int:
    """Begin the retrainings that may have enough labels by now; on the analysis worker's queue."""
    return retraining_begin()
