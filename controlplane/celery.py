"""The Celery application: what every worker and beat share.

Celery is held at 5.6.3: 5.7.0's worker exits when Redis drops while a late-acknowledged task runs
(docs/decisions/0003-celery-5-6.md).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")

from django.conf import settings

#: Seconds after which an unacknowledged message is given to another worker: longer than the longest task.
VISIBILITY_TIMEOUT = 6 * 3600
#: The queue of short tasks that the control worker serves.
CONTROL_QUEUE = "control"

app = Celery("quartet", broker=settings.REDIS_URL)
app.conf.update(
    task_default_queue=CONTROL_QUEUE,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=5,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "quartet:celery:",
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
    },
    # A message is only a poke: outbox and reconciler look again, so publishing never waits for a dead broker.
    task_publish_retry=False,
    imports=["workers.tasks"],
    # What is due each second the control worker does by itself (workers/ticker.py). `expires` keeps messages from
    # piling up while none runs: the next one says the same.
    beat_schedule={
        "sweep": {"task": "deployments.sweep", "schedule": 60.0, "options": {"expires": 60}},
        "drift": {"task": "drift.due", "schedule": 60.0, "options": {"expires": 60}},
        "housekeeping": {"task": "core.housekeeping", "schedule": 300.0, "options": {"expires": 300}},
    },
)
