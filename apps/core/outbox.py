"""News for later apps: a row written in the sender's transaction, told by the relay after the commit."""

from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core import poke
from apps.core.events import Event
from apps.core.ids import new_id
from apps.core.models import OutboxEvent


def emit(event: Event, *, event_id: UUID | None = None) -> OutboxEvent:
    """Write `event` to the outbox; the relay tells its listeners once the transaction has committed.

    `event_id` is for a sender that keeps the id in a row of its own.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An event belongs in the transaction that makes it true.")
    told = {"name": event.name, "payload": event.payload()}
    # Due by the clock that every relay goes by, whichever node this is.
    row = OutboxEvent.objects.create(pk=event_id or new_id(), due_at=Now(), **told)
    transaction.on_commit(lambda: poke.send("core.relay"))
    return row
