"""What the reviewers' answer does to a requested move of a protected alias."""

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import audit
from apps.core.errors import DigestChanged, FourEyes
from apps.core.models import User
from apps.core.reviewers import reviewers_fit
from apps.registry.models import AliasRequest
from apps.registry.selectors import alias_request_flaw
from apps.registry.services.alias import alias_point, model_locked
from apps.registry.services.alias_request import State, alias_request_end

#: The kind of approval request that asks about a move.
APPROVAL_KIND = "alias"


def alias_granted(
    *, event_id: UUID, kind: str, subject_id: int, digest: str, reviewers: list[int], **rest: Any
) -> None:
    """Listener of approvals.granted: make the move, once, if the alias is still where it was when it was asked for.

    An approval that does not hold ends the request: trying again would not mend it.
    """
    if kind != APPROVAL_KIND:
        return
    with transaction.atomic():
        request = _locked(subject_id)
        if request.state != State.REQUESTED:
            return
        try:
            approver = _approver(request, digest, reviewers)
        except (FourEyes, DigestChanged) as refusal:
            _refuse(request, None, State.VOID, f"The approval does not hold: {refusal.message}")
            return
        alias_request_end(request, State.MOVED, "", approved_by=approver)
        reason = " ".join([*([request.reason] if request.reason else []), f"(approved by {approver.get_username()})"])
        alias_point(
            actor=request.requested_by,
            model=request.model,
            alias=request.alias,
            version=request.to_version,
            reason=reason,
        )


def alias_rejected(
    *, event_id: UUID, kind: str, subject_id: int, reviewer: int = 0, comment: str = "", **rest: Any
) -> None:
    """Listener of approvals.rejected: the alias stays."""
    if kind != APPROVAL_KIND:
        return
    who = User.objects.filter(pk=reviewer).first()
    reason = f"Rejected by {who.get_username() if who else 'a reviewer'}" + (f": {comment}" if comment else ".")
    with transaction.atomic():
        _refuse(_locked(subject_id), who, State.REJECTED, reason)


def alias_lapsed(*, event_id: UUID, kind: str, subject_id: int, reason: str, **rest: Any) -> None:
    """Listener of approvals.lapsed: nobody answers any more, so the alias stays."""
    if kind == APPROVAL_KIND:
        with transaction.atomic():
            _refuse(_locked(subject_id), None, State.VOID, reason)


def _locked(request_id: int) -> AliasRequest:
    """The request with its model locked: in the order in which a move takes the two."""
    model_id = AliasRequest.objects.values_list("model_id", flat=True).get(pk=request_id)
    model_locked(model_id)
    return (
        AliasRequest.objects.select_related("model", "from_version", "to_version", "requested_by")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=request_id)
    )


def _approver(request: AliasRequest, digest: str, reviewers: list[int]) -> User:
    asked = f"the move of {request}"
    approver = reviewers_fit(requester=request.requested_by, asked=asked, reviewers=reviewers)[-1]
    if flaw := alias_request_flaw(request, digest):
        raise DigestChanged(flaw)
    return approver


def _refuse(request: AliasRequest, by: User | None, state: State, reason: str) -> None:
    if alias_request_end(request, state, reason):
        target = f"model:{request.model.name}"
        audit.record(actor=by, action="alias.refused", target=target, alias=request.alias, reason=reason)
