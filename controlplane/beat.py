"""Exactly one beat ticks: the others wait for a PostgreSQL advisory lock, and its holder ends when it loses it."""

import os
import threading
import time

import structlog
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error, InterfaceError

log = structlog.get_logger(__name__)

_LOCK = 0x5155_4245
_PAUSE = 2.0


def hold_beat_lock() -> None:
    """Return once this process holds the lock; afterwards a thread ends the process should the lock be lost."""
    connection = _own_connection()
    while not _try_lock(connection):
        time.sleep(_PAUSE)
    log.info("this beat ticks")
    threading.Thread(target=_guard, args=(connection,), name="beat-lock", daemon=True).start()


def _own_connection() -> BaseDatabaseWrapper:
    """A connection apart from the pool: the lock lives exactly as long as it."""
    connection = connections.create_connection("default")
    connection.settings_dict = {**connection.settings_dict, "OPTIONS": _without_pool()}
    connection.inc_thread_sharing()
    return connection


def _without_pool() -> dict[str, object]:
    options: dict[str, object] = settings.DATABASES["default"]["OPTIONS"]  # type: ignore[assignment]
    return {key: value for key, value in options.items() if key != "pool"}


def _try_lock(connection: BaseDatabaseWrapper) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", [_LOCK])
            return bool(cursor.fetchone()[0])
    except (Error, InterfaceError) as error:
        log.warning("beat waits for the database", error=str(error))
        connection.close()
        return False


def _guard(connection: BaseDatabaseWrapper) -> None:
    while True:
        time.sleep(_PAUSE)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
        except Exception:  # the session is gone and the lock with it, whatever the reason
            log.error("the beat lock is lost: ending, so that another beat can tick")
            # The supervisor starts a new beat, which waits for the lock in its turn.
            os._exit(3)
