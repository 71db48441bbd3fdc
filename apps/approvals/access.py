"""The only door to a request that somebody wants to decide or talk about."""

from uuid import UUID

from apps.approvals.errors import UnknownRequest
from apps.approvals.models import ApprovalRequest
from apps.core.errors import Forbidden
from apps.core.models import User
from apps.core.permissions import require
from apps.core.reviewers import DECIDE


def request_to_decide(actor: User, request_id: UUID) -> ApprovalRequest:
    """The request, locked until the transaction ends; `actor` must hold the reviewer's permission."""
    require(actor, DECIDE, "decide approval requests")
    return request_locked(request_id)


def request_to_discuss(actor: User, request_id: UUID) -> ApprovalRequest:
    """The request, locked, for who may comment on it: its requester and whoever may decide requests."""
    request = request_locked(request_id)
    if request.requested_by.person_id != actor.person_id or not actor.is_active:
        require(actor, DECIDE, "comment on what others ask for")
    return request


def request_to_read(actor: User, request_id: UUID) -> ApprovalRequest:
    """The request, for whoever is signed in."""
    if not actor.is_active:
        raise Forbidden(f"{actor.get_username()} is not active.")
    request = ApprovalRequest.objects.select_related("requested_by", "reviewers").filter(pk=request_id).first()
    if request is None:
        raise UnknownRequest(f"There is no approval request {request_id}.")
    return request


def request_locked(request_id: UUID) -> ApprovalRequest:
    """The request, locked until the transaction ends: for Quartet's own acts, which need no right."""
    requests = ApprovalRequest.objects.select_related("requested_by").select_for_update(of=("self",))
    request = requests.filter(pk=request_id).first()
    if request is None:
        raise UnknownRequest(f"There is no approval request {request_id}.")
    return request
