"""News for later apps: a row written in the sender's transaction, told by the relay after the commit."""

import structlog
from celery import current_app
from django.db import connection, transaction

from apps.core.events import Event
from apps.core.models import OutboxEvent

log = structlog.get_logger(__name__)


def emit(event: Event) -> OutboxEvent:
    """Write `event` to the outbox; the relay tells its listeners once the transaction has committed."""
    if not connection.in_atomic_block:
        raise RuntimeError("An event belongs in the transaction that makes it true.")
    row = OutboxEvent.objects.create(name=event.name, payload=event.payload())
    transaction.on_commit(_poke)
    return row


def _poke() -> None:
    """Ask for a relay run now. A lost poke costs a moment, never an event: beat asks again every second."""
    try:
        current_app.send_task("core.relay", expires=5, retry=False)
    except Exception as error:  # any broker, any fault: the row is safe
        log.warning("relay poke lost", error=str(error))
