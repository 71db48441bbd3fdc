"""What waits for reviewers."""

from django.db.models import QuerySet

from apps.approvals.access import DECIDE
from apps.approvals.models import ApprovalRequest, Decision


def requests_open() -> QuerySet[ApprovalRequest]:
    """Open requests, the oldest first: it has waited longest."""
    return (
        ApprovalRequest.objects.filter(state=ApprovalRequest.State.OPEN)
        .select_related("requested_by")
        .order_by("opened_at")
    )


def decisions_counting(request: ApprovalRequest) -> list[Decision]:
    """The decisions that count: a rejection always, an approval while its reviewer is active and may decide.

    A rollout starts on nobody else's word, so counting more would grant what never begins.
    """
    decisions = request.decisions.all()
    return [d for d in decisions if d.verdict == Decision.Verdict.REJECT or d.reviewer.has_perm(DECIDE)]
