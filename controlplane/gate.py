"""Who may send a large body: asked before a byte of it is taken in, as Django asks only when all of it lies on disk."""

from channels.db import database_sync_to_async
from django.db import OperationalError

from apps.core.api import Unavailable
from apps.core.errors import Forbidden, NotAuthenticated, QuartetError
from apps.inference.access import key_presented


async def upload_refusal(authorization: str, scope: str) -> QuartetError | None:
    """Why the sender of this Authorization header may not upload, or None. A large body takes a key that holds `scope`,
    not a session."""
    refusal: QuartetError | None = await database_sync_to_async(_refusal)(authorization, scope)
    return refusal


def _refusal(authorization: str, needed: str) -> QuartetError | None:
    scheme, _, text = authorization.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise NotAuthenticated("A body of this size takes an API key.")
        if needed not in key_presented(text).scopes:
            raise Forbidden(f"This key lacks the scope '{needed}'.")
    except QuartetError as error:
        return error
    except OperationalError:
        return Unavailable("The database cannot be reached.")
    return None
