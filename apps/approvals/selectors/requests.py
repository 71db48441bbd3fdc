"""What waits for reviewers, whose word counts, and why somebody's would not."""

from django.conf import settings
from django.db.models import QuerySet

from apps.approvals.errors import AlreadyDecided, NotEligible, RequestExpired, RequestVoid
from apps.approvals.models import ApprovalRequest, Decision, Policy
from apps.approvals.rules import Terms, stricter
from apps.core.clock import now
from apps.core.errors import CallerError, Forbidden, FourEyes
from apps.core.models import User
from apps.core.reviewers import DECIDE

State = ApprovalRequest.State


def requests_open() -> QuerySet[ApprovalRequest]:
    """Open requests whose time is not over, the oldest first: it has waited longest."""
    waiting = ApprovalRequest.objects.filter(state=State.OPEN).exclude(expires_at__lte=now())
    return waiting.select_related("requested_by", "reviewers").order_by("opened_at")


def requests_list(*, state: str = "", kind: str = "", subject_id: int | None = None) -> QuerySet[ApprovalRequest]:
    """Requests, newest first, with what an answer shows of them."""
    requests = ApprovalRequest.objects.select_related("requested_by", "reviewers")
    requests = requests.prefetch_related("decisions__reviewer", "comments__author").order_by("-opened_at")
    given = {"state": state, "kind": kind, "subject_id": subject_id}
    return requests.filter(**{field: value for field, value in given.items() if value})


def policy_for(kind: str, scope: str) -> Policy:
    """The policy for one deployment or model, else for the kind, else what the settings say, which is not stored."""
    found = Policy.objects.filter(kind=kind, scope__in=(scope, "")).order_by("-scope").first()
    policy = found or Policy(kind=kind, approvals_required=settings.QUARTET_APPROVALS_REQUIRED)
    policy.expires_after_h = policy.expires_after_h or settings.QUARTET_APPROVALS_EXPIRE_HOURS
    return policy


def terms_of(request: ApprovalRequest) -> Terms:
    """What holds for a request: its terms when it was opened, and stricter ones of the present policy."""
    policy = policy_for(request.kind, request.scope)
    return stricter(
        _terms(request.approvals_required, request.reviewers_id), _terms(policy.approvals_required, policy.reviewers_id)
    )


def _terms(required: int, group: int | None) -> Terms:
    return Terms(required, frozenset([group] if group else []))


def decisions_counting(request: ApprovalRequest) -> list[Decision]:
    """The decisions that count: a rejection always, an approval while its reviewer is active and may decide.

    An approval counts once a person, and never that of who asked, whatever has become of their accounts since. What is
    asked for begins on nobody else's word, so counting more would grant what never begins.
    """
    terms, persons, counting = terms_of(request), {request.requested_by.person_id}, []
    for decision in request.decisions.all():
        reviewer = decision.reviewer
        if decision.verdict == Decision.Verdict.REJECT:
            counting.append(decision)
        elif reviewer.has_perm(DECIDE) and _eligible(reviewer, terms) and reviewer.person_id not in persons:
            persons.add(reviewer.person_id)
            counting.append(decision)
    return counting


def approvals_given(request: ApprovalRequest) -> int:
    """Of an open request those that count at this moment, of a closed one those that were given."""
    open_still = request.state == State.OPEN
    decisions = decisions_counting(request) if open_still else request.decisions.all()
    return sum(decision.verdict == Decision.Verdict.APPROVE for decision in decisions)


def approvals_required(request: ApprovalRequest) -> int:
    """What an open request needs by its own terms and the present policy, or what a closed one needed by its own."""
    return terms_of(request).required if request.state == State.OPEN else request.approvals_required


def _eligible(reviewer: User, terms: Terms) -> bool:
    return not terms.groups or terms.groups <= set(reviewer.groups.values_list("pk", flat=True))


def decision_refusal(actor: User, request: ApprovalRequest) -> CallerError | None:
    """Why `actor` cannot decide the request at this moment, or None. Pages show it; the service raises it."""
    if closed := _closed(request):
        return closed
    if request.requested_by.person_id == actor.person_id:
        asker = _named(request.requested_by)
        if request.requested_by_id == actor.pk:
            return FourEyes(f"{asker} asked for this and so cannot decide it.")
        return FourEyes(f"{asker} asked for this, and {_named(actor)} is an account of the same person.")
    if not actor.is_active or not actor.has_perm(DECIDE):
        return Forbidden(f"{_named(actor)} may look, but deciding needs the reviewer role.")
    if not _eligible(actor, terms_of(request)):
        return NotEligible(f"The policy lets only some reviewers decide this, and {_named(actor)} is not among them.")
    if any(decision.reviewer.person_id == actor.person_id for decision in request.decisions.all()):
        return AlreadyDecided(f"{_named(actor)} has already decided this request.")
    return None


def _closed(request: ApprovalRequest) -> CallerError | None:
    if request.state == State.VOID:
        return RequestVoid(f"This request is void. {request.state_reason}".strip())
    if request.state == State.EXPIRED or request_overdue(request):
        return RequestExpired(f"This request expired on {request.expires_at:%Y-%m-%d %H:%M} UTC.")
    if request.state != State.OPEN:
        return AlreadyDecided(f"This request is {request.state} since {request.closed_at:%Y-%m-%d %H:%M} UTC.")
    return None


def request_overdue(request: ApprovalRequest) -> bool:
    """Is it open still although its time is over?"""
    return request.state == State.OPEN and request.expires_at is not None and request.expires_at <= now()


def _named(user: User) -> str:
    return user.get_username()
