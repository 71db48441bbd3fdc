"""Opening and deciding approval requests."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.approvals import rules
from apps.approvals.access import request_to_decide
from apps.approvals.errors import AlreadyDecided, FourEyes, ReasonMissing, UnknownVerdict
from apps.approvals.events import Granted, Rejected
from apps.approvals.models import ApprovalRequest, Decision, Policy
from apps.approvals.selectors import decisions_counting
from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.deployments.models import Revision


def request_open(
    *,
    event_id: UUID,
    revision_id: int,
    digest: str,
    requested_by: int,
    summary: str,
    evidence: dict[str, Any] | None = None,
) -> None:
    """Listener of deployments.rollout_requested: ask the reviewers about one revision.

    Nothing is asked about a revision that waits no longer: this event may have been told late, after the one that
    would have made its request void.
    """
    kind = "rollout"
    policy = Policy.objects.filter(kind=kind).first()
    with transaction.atomic():
        if not _waits(revision_id):
            return
        request, created = ApprovalRequest.objects.get_or_create(
            event_id=event_id,
            defaults={
                "kind": kind,
                "subject_id": revision_id,
                "digest": digest,
                "summary": summary,
                "evidence": evidence or {},
                "requested_by_id": requested_by,
                "approvals_required": policy.approvals_required if policy else settings.QUARTET_APPROVALS_REQUIRED,
            },
        )
        if created:
            audit.record(actor=None, action="approval.requested", target=f"approval:{request.pk}", summary=summary)


def _waits(revision_id: int) -> bool:
    """Is the revision still to be decided? Locked, so that it cannot be superseded before its request is there."""
    revisions = Revision.objects.select_for_update(no_key=True)
    return revisions.filter(pk=revision_id, state=Revision.State.REQUESTED).first() is not None


def request_void(*, event_id: UUID, revision_id: int, **rest: Any) -> None:
    """Listener of deployments.revision_superseded: what was asked about is no longer wanted."""
    open_requests = ApprovalRequest.objects.filter(
        kind="rollout", subject_id=revision_id, state=ApprovalRequest.State.OPEN
    )
    with transaction.atomic():
        for request in open_requests.select_for_update():
            _close(request, ApprovalRequest.State.VOID)
            audit.record(actor=None, action="approval.void", target=f"approval:{request.pk}", summary=request.summary)


def decision_record(*, actor: User, request_id: UUID, verdict: str, comment: str = "") -> ApprovalRequest:
    """Write down what `actor` says of a request; the last word needed closes it and tells the requester's app.

    Raises FourEyes for the requester, on whatever path the call came; the database refuses it as well. A rejection
    needs its reason as `comment`.
    """
    _refuse_unclear(verdict, comment)
    with transaction.atomic():
        request = request_to_decide(actor, request_id)
        _refuse_unfit(request, actor)
        Decision.objects.create(
            request=request, reviewer=actor, requested_by_id=request.requested_by_id, verdict=verdict, comment=comment
        )
        audit.record(
            actor=actor,
            action=f"approval.{verdict}",
            target=f"approval:{request.pk}",
            summary=request.summary,
            digest=request.digest,
            comment=comment,
        )
        _settle(request, actor, comment)
    return request


def _refuse_unclear(verdict: str, comment: str) -> None:
    if verdict not in Decision.Verdict.values:
        raise UnknownVerdict(f"'{verdict}' is no verdict.")
    if verdict == Decision.Verdict.REJECT and not comment.strip():
        raise ReasonMissing("A rejection needs its reason.")


def _refuse_unfit(request: ApprovalRequest, actor: User) -> None:
    if request.requested_by_id == actor.pk:
        raise FourEyes(f"{actor.get_username()} asked for this and so cannot decide it.")
    if request.state != ApprovalRequest.State.OPEN:
        raise AlreadyDecided(f"This request is {request.state} since {request.closed_at:%Y-%m-%d %H:%M} UTC.")
    if request.decisions.filter(reviewer=actor).exists():
        raise AlreadyDecided(f"{actor.get_username()} has already decided this request.")


def _settle(request: ApprovalRequest, last_reviewer: User, comment: str) -> None:
    decisions = decisions_counting(request)
    state = rules.outcome((d.verdict for d in decisions), request.approvals_required)
    about: dict[str, Any] = {"kind": request.kind, "subject_id": request.subject_id, "digest": request.digest}
    if state == rules.GRANTED:
        _close(request, ApprovalRequest.State.GRANTED)
        outbox.emit(Granted(**about, reviewers=[d.reviewer_id for d in decisions]))
    elif state == rules.REJECTED:
        _close(request, ApprovalRequest.State.REJECTED)
        outbox.emit(Rejected(**about, reviewer=last_reviewer.pk, comment=comment))


def _close(request: ApprovalRequest, state: ApprovalRequest.State) -> None:
    request.state = state
    request.closed_at = now()
    request.save(update_fields=["state", "closed_at"])
