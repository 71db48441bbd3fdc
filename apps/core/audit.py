"""Writing and checking the audit chain."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from apps.core import clock, rules
from apps.core.models import AuditEntry, AuditHead, User

#: Any constant: it names the lock that puts appends in one order.
_CHAIN_LOCK = 0x5155_4152


def record(*, actor: User | None, action: str, target: str, **detail: Any) -> AuditEntry:
    """Append one entry inside the caller's transaction; `actor=None` means Quartet itself.

    Appends wait for each other until the caller commits, so do slow IO before the transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An audit entry belongs in the transaction of the change that it tells of.")
    _lock()
    last = _end()
    entry = AuditEntry(
        sequence=last.sequence + 1,
        at=clock.now(),
        actor=actor,
        actor_name=actor.get_username() if actor else "Quartet",
        action=action,
        target=target,
        detail=detail,
        previous_hash=last.hash,
    )
    entry.hash = rules.entry_hash(entry.previous_hash, _hashed_fields(entry))
    entry.save(force_insert=True)
    return entry


def head() -> rules.Head:
    """Where the chain ends at this moment, as the database keeps it apart from the entries."""
    kept = AuditHead.objects.first()
    return rules.Head(kept.sequence, kept.hash) if kept else rules.Head()


def first_break(kept: rules.Head | None = None) -> rules.Break | None:
    """Where the stored chain breaks first, or None when it is whole, reaches its head and holds `kept`, an older head.

    Whoever rewrites entries, hashes and head together is found by a `kept` only that was out of their reach.
    """
    with transaction.atomic():
        _lock()  # so that an entry under way is in both or in neither
        here, last = head(), AuditEntry.objects.order_by("-sequence").first()
    end = last.sequence if last else 0
    heads = [each for each in (kept, here) if each and each.sequence]
    with transaction.atomic():
        broken = rules.first_break(_links(end), heads)
    if broken is None and here.sequence < end:
        words = f"The head that the database keeps ends with entry {here.sequence}, the chain with entry {end}."
        return rules.Break(here.sequence + 1, words)
    return broken


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])


def _end() -> rules.Head:
    """What the next entry continues. Not the last entry: if that was cut off, the gap stays to be seen."""
    here = head()
    if here.sequence:
        return here
    last = AuditEntry.objects.order_by("-sequence").first()
    return rules.Head(last.sequence, last.hash) if last else here


def _links(end: int) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    for entry in AuditEntry.objects.filter(sequence__lte=end).order_by("sequence").iterator(chunk_size=1000):
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
