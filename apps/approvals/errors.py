"""Why a decision is refused."""

from apps.core.errors import Conflict, Forbidden, NotFound


class FourEyes(Forbidden):
    code = "four_eyes"
    remedy = "Ask another reviewer: whoever asks cannot also decide."


class AlreadyDecided(Conflict):
    code = "already_decided"


class UnknownRequest(NotFound):
    code = "unknown_approval_request"
