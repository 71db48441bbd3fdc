"""Deciding approval requests, and talking about them: the admin, REST and the pages all come through here."""

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.approvals import rules
from apps.approvals.access import request_to_decide, request_to_discuss
from apps.approvals.errors import CommentRefused, ReasonMissing, UnknownVerdict
from apps.approvals.events import Granted, Rejected
from apps.approvals.models import ApprovalRequest, Comment, Decision
from apps.approvals.selectors import decision_refusal, decisions_counting, terms_of
from apps.approvals.services.requests import State, request_close, request_lapse
from apps.core import audit, outbox
from apps.core.models import User

_LONGEST = 2000


def decision_record(*, actor: User, request_id: UUID, verdict: str, comment: str = "") -> ApprovalRequest:
    """Write down what `actor` says of a request; the last word needed closes it and tells the requester's app.

    Raises FourEyes for the requester and every account of the same person, on whatever path the call came; the database
    refuses them as well. A request whose time is over or whose subject changed is closed instead: RequestExpired,
    RequestVoid. A rejection needs its reason as `comment`.
    """
    _refuse_unclear(verdict, comment)
    with transaction.atomic():
        actor = User.objects.get(pk=actor.pk)  # what they may do at this moment, not when their session began
        request = request_to_decide(actor, request_id)
        lapsed = request_lapse(request)
        refusal = decision_refusal(actor, request)
        if refusal is None:
            _write(request, actor, verdict, comment)
        elif not lapsed:
            raise refusal
    if refusal is not None:  # after the commit: that it lapsed is to stay
        raise refusal
    return request


def comment_add(*, actor: User, request_id: UUID, text: str) -> Comment:
    """Say something about a request, open or closed, that decides nothing. For its requester and for reviewers."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        raise CommentRefused("A comment needs a text." if not text else f"This comment has {len(text)} characters.")
    with transaction.atomic():
        request = request_to_discuss(actor, request_id)
        comment = Comment.objects.create(request=request, author=actor, text=text)
        _record(actor, "approval.comment", request, comment=text)
    return comment


def _refuse_unclear(verdict: str, comment: str) -> None:
    if verdict not in Decision.Verdict.values:
        raise UnknownVerdict(f"'{verdict}' is no verdict.")
    if verdict == Decision.Verdict.REJECT and not comment.strip():
        raise ReasonMissing("A rejection needs its reason.")


def _write(request: ApprovalRequest, actor: User, verdict: str, comment: str) -> None:
    Decision.objects.create(
        request=request, reviewer=actor, requested_by_id=request.requested_by_id, verdict=verdict, comment=comment
    )
    _record(actor, f"approval.{verdict}", request, digest=request.digest, comment=comment)
    _settle(request, actor, comment)


def _settle(request: ApprovalRequest, last_reviewer: User, comment: str) -> None:
    decisions = decisions_counting(request)
    state = rules.outcome((d.verdict for d in decisions), terms_of(request).required)
    about: dict[str, Any] = {"kind": request.kind, "subject_id": request.subject_id, "digest": request.digest}
    if state == rules.GRANTED:
        request_close(request, State.GRANTED)
        reviewers = [d.reviewer_id for d in decisions]
        outbox.emit(Granted(**about, evidence_digest=request.evidence_digest, reviewers=reviewers))
    elif state == rules.REJECTED:
        request_close(request, State.REJECTED)
        outbox.emit(Rejected(**about, reviewer=last_reviewer.pk, comment=comment))


def _record(actor: User, action: str, request: ApprovalRequest, **detail: Any) -> None:
    audit.record(actor=actor, action=action, target=f"approval:{request.pk}", summary=request.summary, **detail)
