"""Why a decision is refused."""

from apps.core.errors import CallerError, Conflict, Forbidden, NotFound


class NotEligible(Forbidden):
    code = "not_eligible"
    remedy = "The policy names a group for this; ask one of its members."


class AlreadyDecided(Conflict):
    code = "already_decided"


class RequestVoid(Conflict):
    code = "approval_void"
    remedy = "Have a look at what changed, then ask anew."


class RequestExpired(Conflict):
    code = "approval_expired"
    remedy = "Ask anew: the time to decide is over."


class UnknownRequest(NotFound):
    code = "unknown_approval_request"


class UnknownVerdict(CallerError):
    code = "unknown_verdict"
    remedy = "Say 'approve' or 'reject'."


class ReasonMissing(CallerError):
    code = "reason_missing"
    remedy = "Say why in 'comment': the person who asked will read it."


class CommentRefused(CallerError):
    code = "comment_refused"
    remedy = "Send a 'text' of 2000 characters at most."
