"""What waits for reviewers."""

from django.db.models import QuerySet

from apps.approvals.models import ApprovalRequest


def requests_open() -> QuerySet[ApprovalRequest]:
    """Open requests, the oldest first: it has waited longest."""
    return (
        ApprovalRequest.objects.filter(state=ApprovalRequest.State.OPEN)
        .select_related("requested_by")
        .order_by("opened_at")
    )
