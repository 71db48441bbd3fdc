"""`manage.py audit_verify` finds what a superuser of the database did after switching the triggers off."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.core import audit
from apps.core.models import AuditEntry
from tests.core.test_audit_record import sql, write
from tests.world import World

SWAP = """
update core_auditentry set sequence = 99 where sequence = 2;
update core_auditentry set sequence = 2 where sequence = 3;
update core_auditentry set sequence = 3 where sequence = 99;
"""
TAMPERED = {
    "a changed row": ("update core_auditentry set actor_name = 'cy' where sequence = 2", 2, "Entry 2 was changed"),
    "a changed time": ("update core_auditentry set at = at - interval '1 s' where sequence = 3", 3, "3 was changed"),
    "a removed row": ("delete from core_auditentry where sequence = 2", 2, "Entry 2 is missing"),
    "several removed": ("delete from core_auditentry where sequence in (2, 3)", 2, "Entries 2 to 3 are missing"),
    "a removed first row": ("delete from core_auditentry where sequence = 1", 1, "Entry 1 is missing"),
    "rows in another order": (SWAP, 2, "another order"),
    "a row of no. 0": ("update core_auditentry set sequence = 0 where sequence = 2", 1, "should not be there"),
    "a cut tail": ("delete from core_auditentry where sequence > 3", 4, "cut off: entries 4 to 5 are missing"),
    "all of it": ("delete from core_auditentry", 1, "cut off: entries 1 to 5 are missing"),
    "a head put back": ("update core_audithead set sequence = 3", 3, "another than the head"),
    "no head": ("delete from core_audithead", 1, "ends with entry 0, the chain with entry 5"),
}


@pytest.fixture
def chain(world: World) -> list[AuditEntry]:
    return [write(f"act {n}", world.ada) for n in range(5)]


def tamper(statements: str) -> None:
    """As a superuser who knows the triggers."""
    tables = ("core_auditentry", "core_audithead")
    sql("set constraints all immediate")  # PostgreSQL alters no table while a foreign key waits to be checked
    sql("".join(f"alter table {table} disable trigger user;" for table in tables))
    sql(statements)
    sql("".join(f"alter table {table} enable trigger user;" for table in tables))


def verify(*arguments: str) -> str:
    """What it prints; raises CommandError."""
    out = StringIO()
    call_command("audit_verify", *arguments, stdout=out)
    return out.getvalue()


def test_a_whole_chain_is_told_with_its_head(chain: list[AuditEntry]) -> None:
    assert verify() == f"The audit chain is whole: 5 entries.\nhead 5:{chain[-1].hash}\n"


@pytest.mark.parametrize("done", TAMPERED)
def test_it_finds(done: str, chain: list[AuditEntry]) -> None:
    statements, at, words = TAMPERED[done]
    tamper(statements)
    with pytest.raises(CommandError, match=f"breaks at entry {at}.*{words}") as found:
        verify()
    assert found.value.returncode == 1


def test_a_tail_that_was_cut_off_stays_found_when_others_follow(chain: list[AuditEntry]) -> None:
    tamper("delete from core_auditentry where sequence > 3")
    write("afterwards")
    with pytest.raises(CommandError, match="Entries 4 to 5 are missing"):
        verify()


def test_only_a_head_kept_elsewhere_finds_a_tail_cut_off_with_its_head(chain: list[AuditEntry]) -> None:
    kept = re.findall(r"head (.*)", verify())[0]
    tamper(
        "delete from core_auditentry where sequence > 3; update core_audithead set sequence = 3,"
        "hash = (select hash from core_auditentry where sequence = 3)"
    )
    assert "whole" in verify()
    with pytest.raises(CommandError, match="cut off: entries 4 to 5"):
        verify("--head", kept)


def test_a_head_from_before_holds_while_the_chain_grows(chain: list[AuditEntry]) -> None:
    kept = f"2:{chain[1].hash}"
    assert "whole" in verify("--head", kept)
    with pytest.raises(CommandError, match="Entry 2 is another"):
        verify("--head", f"2:{chain[0].hash}")


@pytest.mark.parametrize("text", ["", "2", "2:xyz", f"x:{'0' * 64}"])
def test_what_is_no_head_is_refused(db: None, text: str) -> None:
    with pytest.raises(CommandError, match="a head is"):
        verify("--head", text)


def test_an_entry_after_the_head_was_lost_goes_on_from_the_last(chain: list[AuditEntry]) -> None:
    tamper("delete from core_audithead")
    assert write("afterwards").sequence == 6
    assert audit.head().sequence == 6
