"""A second person decides, once, and what they decide is bound to what they saw."""

from uuid import uuid4

import pytest
from django.db import IntegrityError

from apps.approvals.errors import AlreadyDecided, ReasonMissing, RequestVoid, UnknownVerdict
from apps.approvals.models import ApprovalRequest, Decision, Policy
from apps.approvals.services import decision_record, request_open, request_void
from apps.core.clock import now
from apps.core.errors import Forbidden, FourEyes
from apps.core.models import AuditEntry, OutboxEvent, User
from apps.deployments.models import Revision
from tests.approvals.asking import ask, make_reviewer, waiting_revision
from tests.world import World


def test_one_approval_grants_and_tells_who_approved_what(world: World) -> None:
    request = ask(world.ada)
    assert decision_record(actor=world.ben, request_id=request.pk, verdict="approve").state == "granted"
    told = OutboxEvent.objects.get(name="approvals.granted").payload
    assert told == {
        "kind": "rollout",
        "subject_id": request.subject_id,
        "digest": request.digest,
        "evidence_digest": request.evidence_digest,
        "reviewers": [world.ben.pk],
    }


def test_a_rejection_closes_with_its_reason(world: World) -> None:
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="reject", comment="too slow")
    assert OutboxEvent.objects.get(name="approvals.rejected").payload["comment"] == "too slow"


@pytest.mark.parametrize("comment", ["", " "])
def test_a_rejection_without_its_reason_is_refused_on_every_path(world: World, comment: str) -> None:
    with pytest.raises(ReasonMissing):
        decision_record(actor=world.ben, request_id=ask(world.ada).pk, verdict="reject", comment=comment)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("verdict", ["nonsense", "", "Approve"])
def test_what_is_no_verdict_is_not_kept_as_one(world: World, verdict: str) -> None:
    with pytest.raises(UnknownVerdict):
        decision_record(actor=world.ben, request_id=ask(world.ada).pk, verdict=verdict, comment="because")
    assert not Decision.objects.exists()


def test_the_requester_cannot_decide_even_as_a_reviewer(world: World) -> None:
    request = ask(make_reviewer(world.ada))
    with pytest.raises(FourEyes, match="ada asked for this"):
        decision_record(actor=make_reviewer(world.ada), request_id=request.pk, verdict="approve")
    assert not Decision.objects.exists()


def test_the_requester_cannot_decide_even_as_a_superuser(world: World) -> None:
    root = User.objects.create_superuser("root")
    with pytest.raises(FourEyes):
        decision_record(actor=root, request_id=ask(root).pk, verdict="approve")


def test_the_database_refuses_a_requesters_decision_too(world: World) -> None:
    request = ask(world.ada)
    with pytest.raises(IntegrityError, match="decision_four_eyes"):
        Decision.objects.create(request=request, reviewer=world.ada, requested_by=world.ada, verdict="approve")


def test_somebody_without_the_role_cannot_decide(world: World) -> None:
    with pytest.raises(Forbidden, match="cy may not decide"):
        decision_record(actor=world.cy, request_id=ask(world.ada).pk, verdict="approve")


def test_a_closed_request_takes_no_more_decisions(world: World) -> None:
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    with pytest.raises(AlreadyDecided):
        decision_record(actor=make_reviewer(world.cy), request_id=request.pk, verdict="reject", comment="no")


def test_a_policy_of_two_needs_two_people(world: World) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    assert decision_record(actor=world.ben, request_id=request.pk, verdict="approve").state == "open"
    with pytest.raises(AlreadyDecided, match="ben has already decided"):
        decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    assert decision_record(actor=make_reviewer(world.cy), request_id=request.pk, verdict="approve").state == "granted"


@pytest.mark.parametrize("lost", ["account", "role"])
def test_an_approval_by_somebody_who_may_no_longer_decide_does_not_count(world: World, lost: str) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    if lost == "account":
        User.objects.filter(pk=world.ben.pk).update(is_active=False)
    else:
        world.ben.groups.clear()
    assert decision_record(actor=make_reviewer(world.cy), request_id=request.pk, verdict="approve").state == "open"
    dan = make_reviewer(User.objects.create_user("dan"))
    assert decision_record(actor=dan, request_id=request.pk, verdict="approve").state == "granted"
    assert OutboxEvent.objects.get(name="approvals.granted").payload["reviewers"] == [world.cy.pk, dan.pk]


def test_a_repeated_event_opens_one_request(world: World) -> None:
    event, revision = uuid4(), waiting_revision(world.ada)
    ask(world.ada, event, revision)
    ask(world.ada, event, revision)
    assert ApprovalRequest.objects.count() == 1


def test_a_request_for_something_superseded_is_void(world: World) -> None:
    request = ask(world.ada)
    request_void(event_id=uuid4(), revision_id=request.subject_id)
    with pytest.raises(RequestVoid, match="void"):
        decision_record(actor=world.ben, request_id=request.pk, verdict="approve")


@pytest.mark.parametrize("state", ["superseded", "rejected"])
def test_an_event_told_after_its_revision_ended_asks_nobody(world: World, state: str) -> None:
    revision = waiting_revision(world.ada)
    Revision.objects.filter(pk=revision.pk).update(state=state, ended_at=now())
    request_void(event_id=uuid4(), revision_id=revision.pk)
    request_open(
        event_id=uuid4(), revision_id=revision.pk, digest=revision.digest, requested_by=world.ada.pk, summary="Deploy"
    )
    assert not ApprovalRequest.objects.exists()
    assert not AuditEntry.objects.filter(action="approval.requested").exists()


def test_every_decision_is_in_the_audit_trail(world: World) -> None:
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve", comment="fine")
    entry = AuditEntry.objects.get(action="approval.approve")
    assert (entry.actor_name, entry.detail["comment"], entry.detail["digest"]) == ("ben", "fine", request.digest)
