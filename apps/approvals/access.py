"""The only door to a request that somebody wants to decide."""

from uuid import UUID

from apps.approvals.errors import UnknownRequest
from apps.approvals.models import ApprovalRequest
from apps.core.models import User
from apps.core.permissions import require

DECIDE = "approvals.decide_approvalrequest"


def request_to_decide(actor: User, request_id: UUID) -> ApprovalRequest:
    """The request, locked until the transaction ends; `actor` must hold the reviewer's permission."""
    require(actor, DECIDE, "decide approval requests")
    request = ApprovalRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise UnknownRequest(f"There is no approval request {request_id}.")
    return request
