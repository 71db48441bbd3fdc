"""What can be wrong with a key."""

from apps.core.errors import CallerError, Conflict, Forbidden


class UnknownScope(CallerError):
    code = "unknown_scope"


class KeyNameTaken(Conflict):
    code = "key_name_taken"
    remedy = "Choose another name, or revoke the key that holds it."


class KeyRefused(Forbidden):
    code = "key_refused"
    remedy = "Ask for a new key."
