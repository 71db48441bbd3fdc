"""An approval is bound to what was looked at: if that changed after the request was opened, the request is void."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.approvals.errors import RequestVoid
from apps.approvals.models import ApprovalRequest, Comment, Decision, Policy
from apps.approvals.rules import evidence_digest
from apps.approvals.services import comment_add, decision_record, requests_recheck
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Revision
from apps.registry.services import version_mark_corrupt
from tests.approvals.asking import ask, make_reviewer, waiting_revision
from tests.world import World
from workers.relay import relay_run

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5)


def unguarded(table: str) -> None:
    """As a superuser who switches the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute(f"set constraints all immediate; alter table {table} disable trigger user")


def refused_as_void(world: World, request: ApprovalRequest, why: str) -> None:
    with pytest.raises(RequestVoid, match=why):
        decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    request.refresh_from_db()
    assert request.state == "void"
    assert not request.decisions.exists()
    assert not OutboxEvent.objects.filter(name="approvals.granted").exists()


def test_a_configuration_changed_after_it_was_opened_makes_it_void(world: World) -> None:
    request = ask(world.ada)
    unguarded("deployments_revision")
    revision = Revision.objects.get(pk=request.subject_id)
    Revision.objects.update(spec=revision.spec | {"timeout_ms": 500})
    refused_as_void(world, request, "what is stored has")


def test_a_digest_changed_along_with_the_configuration_does_not_help(world: World) -> None:
    request = ask(world.ada)
    unguarded("deployments_revision")
    Revision.objects.update(digest="0" * 64)
    refused_as_void(world, request, "what is stored has")


def test_evidence_changed_after_it_was_opened_makes_it_void(world: World) -> None:
    request = ask(world.ada, evidence={"accuracy": 0.7})
    unguarded("approvals_approvalrequest")
    ApprovalRequest.objects.update(evidence={"accuracy": 0.97})
    refused_as_void(world, request, "evidence is not what it was")


def test_files_that_rotted_after_it_was_opened_make_it_void_at_once(world: World) -> None:
    revision = waiting_revision(world.ada)
    relay_run()
    request = ApprovalRequest.objects.get(subject_id=revision.pk)
    version_mark_corrupt(version_id=revision.version_id, path="w", reason="Its SHA-256 differs.")
    relay_run()
    request.refresh_from_db()
    revision.refresh_from_db()
    assert (request.state, "is corrupt: Its SHA-256 differs." in request.state_reason) == ("void", True)
    assert (revision.state, revision.state_reason) == ("rejected", request.state_reason)
    assert AuditEntry.objects.get(action="approval.void").detail["reason"] == request.state_reason


def test_it_is_checked_again_when_the_last_approval_comes(world: World) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    unguarded("deployments_revision")
    Revision.objects.update(spec={})
    with pytest.raises(RequestVoid):
        decision_record(actor=make_reviewer(world.cy), request_id=request.pk, verdict="approve")
    assert not OutboxEvent.objects.filter(name="approvals.granted").exists()


def test_looking_again_at_what_is_as_it_was_changes_nothing(world: World) -> None:
    request = ask(world.ada)
    requests_recheck(event_id=uuid4(), version_id=1)
    request.refresh_from_db()
    assert request.state == "open"


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_the_digest_of_evidence_does_not_depend_on_its_order(evidence: dict[str, Any]) -> None:
    assert evidence_digest(evidence) == evidence_digest(dict(reversed(evidence.items())))


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3), st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_other_evidence_has_another_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (evidence_digest(one) == evidence_digest(other)) == (
        repr(sorted(one.items())) == repr(sorted(other.items()))
    )


FROZEN = [
    {"digest": "0" * 64},
    {"evidence": {}},
    {"approvals_required": 1},
    {"requested_by_id": 1},
    {"expires_at": None},
]


@pytest.mark.parametrize("change", FROZEN)
def test_the_database_keeps_what_was_asked(world: World, change: dict[str, object]) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    ask(make_reviewer(world.cy))
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        ApprovalRequest.objects.update(**change)


def test_the_database_opens_no_closed_request_again(world: World) -> None:
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        ApprovalRequest.objects.update(state="open")


@pytest.mark.parametrize("table", [Decision, Comment])
def test_the_database_takes_back_no_decision_and_no_comment(world: World, table: Any) -> None:
    request = ask(world.ada)
    comment_add(actor=world.ada, request_id=request.pk, text="Look at the vowels.")
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    with pytest.raises(DatabaseError, match="kept for good"), transaction.atomic():
        table.objects.update(at="2020-01-01T00:00Z")
    with pytest.raises(DatabaseError, match="kept for good"), transaction.atomic():
        table.objects.all()._raw_delete("default")
