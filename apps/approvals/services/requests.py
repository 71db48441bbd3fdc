"""Opening approval requests, and ending those that nobody can answer any more."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.approvals import rules
from apps.approvals.access import request_locked
from apps.approvals.events import Lapsed
from apps.approvals.models import ApprovalRequest
from apps.approvals.selectors import evaluation_evidence, policy_for, request_flaw, request_overdue
from apps.core import audit, outbox
from apps.core.clock import now
from apps.deployments.models import Revision
from apps.registry.models import AliasRequest, RegisteredModel

State = ApprovalRequest.State
ROLLOUT, ALIAS = "rollout", "alias"


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

    The newest evaluation of its version joins the evidence, so that the request is bound to it.

    Nothing is asked about a revision that waits no longer: this event may have been told late, after the one that
    would have made its request void.
    """
    with transaction.atomic():
        # Locked, so that it cannot be superseded before its request is there.
        revisions = Revision.objects.select_related("deployment", "version__model").select_for_update(
            of=("self",), no_key=True
        )
        revision = revisions.filter(pk=revision_id, state=Revision.State.REQUESTED).first()
        if revision is not None:
            about = {"kind": ROLLOUT, "scope": revision.deployment.name, "digest": digest}
            told = {**(evidence or {}), **evaluation_evidence(revision.version)}
            _open(event_id, requested_by, summary, told, subject_id=revision_id, **about)


def alias_request_open(
    *,
    event_id: UUID,
    alias_request_id: int,
    model: str,
    digest: str,
    requested_by: int,
    summary: str,
    evidence: dict[str, Any],
) -> None:
    """Listener of registry.alias_requested: ask the reviewers about a move of a protected alias, if it waits still.

    The newest evaluation of the version that it is to point at joins the evidence.
    """
    with transaction.atomic():
        RegisteredModel.objects.select_for_update(no_key=True).get(name=model)
        waiting = AliasRequest.objects.filter(pk=alias_request_id, state=AliasRequest.State.REQUESTED)
        if move := waiting.select_related("to_version__model").first():
            about = {"kind": ALIAS, "scope": model, "digest": digest}
            measured = evaluation_evidence(move.to_version) if move.to_version else {}
            _open(event_id, requested_by, summary, {**evidence, **measured}, subject_id=alias_request_id, **about)


def _open(event_id: UUID, requested_by: int, summary: str, evidence: dict[str, Any], **about: Any) -> None:
    """The request has the id of the event that asks, so that whoever sent that knows it at once."""
    policy = policy_for(about["kind"], about["scope"])
    assert policy.expires_after_h is not None
    request, created = ApprovalRequest.objects.get_or_create(
        event_id=event_id,
        defaults={
            **about,
            "id": event_id,
            "summary": summary[:250],
            "evidence": evidence,
            "evidence_digest": rules.evidence_digest(evidence),
            "requested_by_id": requested_by,
            "approvals_required": policy.approvals_required,
            "reviewers_id": policy.reviewers_id,
            "expires_at": now() + timedelta(hours=policy.expires_after_h),
        },
    )
    if created:
        _record("approval.requested", request)


def request_void(*, event_id: UUID, revision_id: int, **rest: Any) -> None:
    """Listener of deployments.revision_superseded: what was asked about is no longer wanted."""
    _void(ROLLOUT, revision_id, "A newer revision went ahead.")


def alias_request_void(*, event_id: UUID, alias_request_id: int, reason: str) -> None:
    """Listener of registry.alias_request_void: the alias is no longer where the move was to begin."""
    _void(ALIAS, alias_request_id, reason)


def requests_recheck(*, event_id: UUID, **rest: Any) -> None:
    """Listener of registry.version_corrupted and of evaluations: what is asked about may not be what it was, so look at
    all that waits."""
    for request_id in ApprovalRequest.objects.filter(state=State.OPEN).values_list("pk", flat=True):
        with transaction.atomic():
            request_lapse(request_locked(request_id))


def requests_expire() -> int:
    """Close the requests whose time is over; returns how many. A decision that comes first does the same."""
    overdue = ApprovalRequest.objects.filter(state=State.OPEN, expires_at__lte=now()).values_list("pk", flat=True)
    closed = 0
    for request_id in list(overdue):
        with transaction.atomic():
            closed += request_lapse(request_locked(request_id))
    return closed


def request_lapse(request: ApprovalRequest) -> bool:
    """Close a locked request that nobody can answer any more; returns whether it was such a one."""
    if request.state != State.OPEN:
        return False
    if request_overdue(request):
        _end(request, State.EXPIRED, f"Nobody decided until {request.expires_at:%Y-%m-%d %H:%M} UTC.")
        return True
    if flaw := request_flaw(request):
        _end(request, State.VOID, flaw)
        return True
    return False


def _void(kind: str, subject_id: int, reason: str) -> None:
    waiting = Q(kind=kind, subject_id=subject_id, state=State.OPEN)
    with transaction.atomic():
        for request in ApprovalRequest.objects.filter(waiting).select_for_update():
            _end(request, State.VOID, reason)


def _end(request: ApprovalRequest, state: State, reason: str) -> None:
    request_close(request, state, reason)
    _record(f"approval.{state}", request, reason=reason)
    about: dict[str, Any] = {"kind": request.kind, "subject_id": request.subject_id, "digest": request.digest}
    outbox.emit(Lapsed(**about, state=state, reason=reason))


def request_close(request: ApprovalRequest, state: State, reason: str = "") -> None:
    """Close a locked request for good."""
    request.state, request.state_reason, request.closed_at = state, reason, now()
    request.save(update_fields=["state", "state_reason", "closed_at"])


def _record(action: str, request: ApprovalRequest, **detail: Any) -> None:
    audit.record(actor=None, action=action, target=f"approval:{request.pk}", summary=request.summary, **detail)
