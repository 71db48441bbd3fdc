"""The audit chain: every act is written once, in order, and the database gives none back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.core import audit
from apps.core.models import AuditEntry, AuditHead
from apps.core.rules import GENESIS, Head
from tests.world import World

#: What jsonb can hold.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def write(action: str, actor: object = None) -> AuditEntry:
    with transaction.atomic():
        return audit.record(actor=actor, action=action, target="thing:1", size=3)  # type: ignore[arg-type]


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_entries_are_chained_to_the_one_before(world: World) -> None:
    first, second = write("made", world.ada), write("changed", world.ada)
    assert second.previous_hash == first.hash
    assert audit.first_break() is None


@pytest.mark.django_db
@given(VALUES)
@example({"rate": -0.0})
@example([1e22, -1.5e16, 1e-300])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_entry_tells_it_has_its_hash_when_it_is_read_back(value: Any) -> None:
    with transaction.atomic():
        audit.record(actor=None, action="told", target="thing:1", value=value)
        broken = audit.first_break()
        transaction.set_rollback(True)  # each example stands alone
    assert broken is None


def test_quartet_itself_is_named_where_nobody_acted(world: World) -> None:
    assert write("moved").actor_name == "Quartet"


def test_the_head_is_the_last_entry(world: World) -> None:
    assert audit.head() == Head(0, GENESIS)
    write("one")
    last = write("two")
    assert audit.head() == Head(last.sequence, last.hash)


@pytest.mark.parametrize("statement", ["update core_auditentry set action = 'x'", "delete from core_auditentry"])
def test_the_database_refuses_to_change_or_remove_an_entry(world: World, statement: str) -> None:
    write("act")
    with pytest.raises(IntegrityError, match="kept for good"), transaction.atomic():
        sql(statement)


@pytest.mark.parametrize(
    "table",
    ["core_auditentry", "core_audithead", "approvals_decision", "approvals_comment", "approvals_approvalrequest"],
)
def test_the_database_refuses_to_empty_a_table_that_keeps(world: World, table: str) -> None:
    sql(f"alter table {table} enable trigger user")  # the test run lets its cleanup pass (tests/conftest.py)
    with pytest.raises(IntegrityError, match="kept for good"), transaction.atomic():
        sql(f"truncate {table} cascade")


def test_the_database_refuses_an_entry_that_does_not_continue_the_chain(world: World) -> None:
    entry = write("act")
    forged = AuditEntry(sequence=2, at=entry.at, actor_name="ada", action="a", target="t", hash="1" * 64)
    forged.previous_hash = "0" * 64
    with pytest.raises(IntegrityError, match="does not continue entry 1"), transaction.atomic():
        forged.save(force_insert=True)


@pytest.mark.parametrize(
    "statement",
    [
        "update core_audithead set sequence = 9",
        "delete from core_audithead",
        "insert into core_audithead values (1, 9, '')",
    ],
)
def test_the_database_moves_the_head_with_the_chain_alone(world: World, statement: str) -> None:
    write("act")
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(statement)
    assert AuditHead.objects.get().sequence == 1


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
