"""Why a decision is refused."""

from apps.core.errors import CallerError, Conflict, Forbidden, NotFound


class FourEyes(Forbidden):
    code = "four_eyes"
    remedy = "Ask another reviewer: whoever asks cannot also decide."


class AlreadyDecided(Conflict):
    code = "already_decided"


class UnknownRequest(NotFound):
    code = "unknown_approval_request"


class UnknownVerdict(CallerError):
    code = "unknown_verdict"
    remedy = "Say 'approve' or 'reject'."


class ReasonMissing(CallerError):
    code = "reason_missing"
    remedy = "Say why in 'comment': the person who asked will read it."
