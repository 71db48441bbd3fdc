"""Errors that say what is wrong, whose fault it is and what to do; an edge only prints them."""

from typing import Any, ClassVar

from apps.core.text import as_kept


class QuartetError(Exception):
    """Base of every error a person or a client may see.

    `fault` is `caller`, `platform`, `model` or `operator`; `remedy` is the next thing to do, as a sentence. The message
    can be kept and sent, whatever it repeats of what somebody said.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    fault: ClassVar[str] = "platform"
    remedy: str = "Try again; if it happens again, look in the logs."

    def __init__(self, message: str, *, remedy: str | None = None, **details: Any) -> None:
        self.message = as_kept(message)
        super().__init__(self.message)
        self.details = details
        if remedy is not None:
            self.remedy = remedy

    def as_dict(self) -> dict[str, Any]:
        """The body of an API error response."""
        body = {"code": self.code, "message": self.message, "fault": self.fault, "remedy": self.remedy}
        return {"error": body | ({"details": self.details} if self.details else {})}


class CallerError(QuartetError):
    """The request was wrong; sending the same again will not help."""

    code = "invalid"
    status = 400
    fault = "caller"
    remedy = "Correct the request and send it again."


class NotAuthenticated(CallerError):
    code = "not_authenticated"
    status = 401
    remedy = "Send a valid key as 'Authorization: Bearer <key>', or sign in."


class Forbidden(CallerError):
    code = "forbidden"
    status = 403
    remedy = "Ask somebody who holds the right, or for the right."


class FourEyes(Forbidden):
    code = "four_eyes"
    remedy = "Ask another person who may decide approval requests: whoever asks cannot also decide."


class NotFound(CallerError):
    code = "not_found"
    status = 404
    remedy = "Check the name."


class Conflict(CallerError):
    code = "conflict"
    status = 409
    remedy = "Look at its present state, then decide."


class DigestChanged(Conflict):
    code = "digest_changed"
    remedy = "What was approved is not what is stored. Ask anew, and look into how the row was changed."


class TooLarge(CallerError):
    code = "too_large"
    status = 413
    remedy = "Send less, or ask the operator to raise the limit."
