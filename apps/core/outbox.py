"""News for later apps: a row written in the sender's transaction, told by the relay after the commit."""

from django.db import connection, transaction

from apps.core import poke
from apps.core.events import Event
from apps.core.models import OutboxEvent


def emit(event: Event) -> OutboxEvent:
    """Write `event` to the outbox; the relay tells its listeners once the transaction has committed."""
    if not connection.in_atomic_block:
        raise RuntimeError("An event belongs in the transaction that makes it true.")
    row = OutboxEvent.objects.create(name=event.name, payload=event.payload())
    transaction.on_commit(lambda: poke.send("core.relay"))
    return row
