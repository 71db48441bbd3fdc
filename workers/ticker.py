"""The control worker's own clock: a thread that does what is due each second (workers/tick.py).

As a message from beat a second's work cost as much again in Celery, in the worker and in beat, whether there was
anything to do or not (docs/decisions/0011-control-ticks-itself.md).
"""

import os
import threading
import time

import structlog
from django.db import close_old_connections

from workers.tick import tick

log = structlog.get_logger(__name__)


def start(stop: threading.Event) -> threading.Thread:
    """Begin to tick, until `stop` or the process's end; a tick that is broken off leaves nothing half done."""
    thread = threading.Thread(target=_tick_until, args=(stop,), name="ticker", daemon=True)
    thread.start()
    return thread


def _tick_until(stop: threading.Event) -> None:
    try:
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            due += tick()
            close_old_connections()
            due = max(due, time.monotonic())  # what took longer than a period is not made up for
    except BaseException:
        # A control worker that does not tick would look alive and do nothing: the supervisor starts another.
        log.critical("the ticker died; the process ends", exc_info=True)
        os._exit(3)
