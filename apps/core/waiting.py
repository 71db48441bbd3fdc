"""Answers that wait for news, so that a CI job need not ask again and again."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection
from rest_framework import serializers

T = TypeVar("T")

#: Seconds between two looks.
_PAUSE = 0.5
#: Requests of one process that may wait at once, each in a thread; one more is answered with how things stand.
_places = threading.BoundedSemaphore(64)


class WaitQuestion(serializers.Serializer[Any]):
    wait = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=60, help_text="Seconds to wait at most for news."
    )


def waited(look: Callable[[], T], settled: Callable[[T], bool], seconds: float) -> T:
    """What `look` returns, once it is settled or the time is over."""
    until, found = time.monotonic() + seconds, look()
    if settled(found) or not seconds or not _places.acquire(blocking=False):
        return found
    try:
        while not settled(found) and time.monotonic() < until:
            if not connection.in_atomic_block:
                connection.close()  # others need it meanwhile
            time.sleep(min(_PAUSE, max(0.0, until - time.monotonic())))
            found = look()
    finally:
        _places.release()
    return found
