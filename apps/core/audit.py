"""Writing and checking the audit chain."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from apps.core import clock, rules
from apps.core.models import AuditEntry, User

#: Any constant: it names the lock that puts appends in one order.
_CHAIN_LOCK = 0x5155_4152


def record(*, actor: User | None, action: str, target: str, **detail: Any) -> AuditEntry:
    """Append one entry inside the caller's transaction; `actor=None` means Quartet itself.

    Appends wait for each other until the caller commits, so do slow IO before the transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An audit entry belongs in the transaction of the change that it tells of.")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    last = AuditEntry.objects.order_by("-sequence").first()
    entry = AuditEntry(
        sequence=last.sequence + 1 if last else 1,
        at=clock.now(),
        actor=actor,
        actor_name=actor.get_username() if actor else "Quartet",
        action=action,
        target=target,
        detail=detail,
        previous_hash=last.hash if last else rules.GENESIS,
    )
    entry.hash = rules.entry_hash(entry.previous_hash, _hashed_fields(entry))
    entry.save(force_insert=True)
    return entry


def first_break() -> int | None:
    """The sequence number where the stored chain breaks, or None when it is whole."""
    with transaction.atomic():
        return rules.first_break(_links())


def _links() -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=1000):
        yield entry.sequence, entry.previous_hash, entry.hash, _hashed_fields(entry)


def _hashed_fields(entry: AuditEntry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
    }
