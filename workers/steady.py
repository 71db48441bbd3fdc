"""A loop that outlives faults of Valkey, PostgreSQL and disks: it rests, and goes on."""

import threading
from collections.abc import Callable

import structlog
from django.db import DatabaseError, close_old_connections
from redis import RedisError

log = structlog.get_logger(__name__)

#: After a fault, in seconds.
REST = 1.0


def go_on(turn: Callable[[], object], stop: threading.Event) -> None:
    """Take turn after turn until told to stop."""
    while not stop.is_set():
        try:
            turn()
        except (RedisError, DatabaseError, OSError) as error:
            log.warning("the process rests", error=f"{type(error).__name__}: {error}", seconds=REST)
            stop.wait(REST)
        finally:
            close_old_connections()
