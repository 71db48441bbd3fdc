"""The audit chain: every act is written once, in order, and a later change to it shows."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.core import audit
from apps.core.models import AuditEntry
from tests.world import World


def write(action: str, actor: object = None) -> AuditEntry:
    with transaction.atomic():
        return audit.record(actor=actor, action=action, target="thing:1", size=3)  # type: ignore[arg-type]


def test_entries_are_chained_to_the_one_before(world: World) -> None:
    first, second = write("made", world.ada), write("changed", world.ada)
    assert second.previous_hash == first.hash
    assert audit.first_break() is None


def test_quartet_itself_is_named_where_nobody_acted(world: World) -> None:
    assert write("moved").actor_name == "Quartet"


def test_a_changed_entry_breaks_the_chain_at_its_place(world: World) -> None:
    entries = [write(f"act {n}") for n in range(4)]
    AuditEntry.objects.filter(pk=entries[1].pk).update(detail={"size": 4})
    assert audit.first_break() == entries[1].sequence


def test_an_entry_taken_out_breaks_the_chain(world: World) -> None:
    entries = [write(f"act {n}") for n in range(3)]
    AuditEntry.objects.filter(pk=entries[1].pk).delete()
    assert audit.first_break() == entries[1].sequence


def test_the_verify_command_fails_on_a_broken_chain(world: World) -> None:
    AuditEntry.objects.filter(pk=write("act").pk).update(actor_name="somebody else")
    with pytest.raises(CommandError, match="breaks at entry"):
        call_command("audit_verify")


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        audit.record(actor=None, action="a", target="t")


@pytest.mark.django_db(transaction=True)
def test_entries_written_at_once_keep_one_order() -> None:
    def one(number: int) -> None:
        try:
            write(f"act {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    assert AuditEntry.objects.count() == 40
    assert audit.first_break() is None
