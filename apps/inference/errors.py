"""What can be wrong with a key."""

from apps.core.errors import CallerError, Conflict, Forbidden, QuartetError


class UnknownScope(CallerError):
    code = "unknown_scope"


class KeyNameTaken(Conflict):
    code = "key_name_taken"
    remedy = "Choose another name, or revoke the key that holds it."


class KeyRefused(Forbidden):
    code = "key_refused"
    remedy = "Ask for a new key."


class MalformedNews(QuartetError):
    code = "malformed_news"
    remedy = "The gateway and the ingest process must be of one release; restart the older."
