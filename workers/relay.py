"""Tells the outbox's events to their listeners: at least once, oldest first, a failing one rests and is tried again.

What is due is judged by the database's clock (`Now()`), because the clocks of senders and relays differ.
"""

from datetime import timedelta
from functools import cache

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.core.rules import retry_pause
from workers.routes import Listener, listeners

log = structlog.get_logger(__name__)

#: How long a relay that claimed an event has it for itself; a killed one's events come back after this.
LEASE = timedelta(seconds=30)
#: Events claimed at once: few enough to be told well within the lease.
BATCH = 20


def relay_run(limit: int = 500) -> int:
    """Tell what waits, up to `limit` events; returns how many were told."""
    told = 0
    while told < limit and (events := _claim()):
        told += sum(_tell(event) for event in events)
    return told


def _claim() -> list[OutboxEvent]:
    """Take a batch for the length of the lease; other relays pass over what this one is taking."""
    waiting = OutboxEvent.objects.filter(done_at=None, due_at__lte=Now()).order_by("id")
    if not waiting.exists():  # as in most seconds: no transaction then
        return []
    with transaction.atomic():
        events = list(waiting.select_for_update(skip_locked=True)[:BATCH])
        ids = [event.pk for event in events]
        OutboxEvent.objects.filter(pk__in=ids).update(due_at=Now() + LEASE, attempts=F("attempts") + 1)
    return events


def _tell(event: OutboxEvent) -> bool:
    try:
        for listener in _listeners()[event.name]:
            listener(event_id=event.pk, **event.payload)
    except Exception as error:  # whatever a listener raises, the event must stay
        _rest(event, error)
        return False
    OutboxEvent.objects.filter(pk=event.pk).update(done_at=now(), last_error="")
    return True


def _rest(event: OutboxEvent, error: Exception) -> None:
    pause = retry_pause(event.attempts + 1)
    log.error("listener failed", event_name=event.name, event_id=str(event.pk), retry_in=str(pause), exc_info=error)
    reason = f"{type(error).__name__}: {error}"
    OutboxEvent.objects.filter(pk=event.pk).update(due_at=Now() + pause, last_error=reason[:2000])


@cache
def _listeners() -> dict[str, list[Listener]]:
    return listeners()
