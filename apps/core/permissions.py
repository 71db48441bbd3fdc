"""May this request try at all? What it may touch is decided where the object is fetched (each app's access.py)."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from apps.core.errors import Forbidden
from apps.core.models import User

if TYPE_CHECKING:  # DRF's views import this module while they load
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView

#: What a key may be allowed to do, with the words shown where one is made.
SCOPES = {
    "infer": "Ask deployments for predictions",
    "read": "Read the registry, deployments, approvals and the audit trail",
    "models:write": "Register models and versions, move aliases",
    "deployments:write": "Create deployments and request revisions",
    "approvals:write": "Decide approval requests",
    "feedback": "Say what was true of predictions",
    "subjects:delete": "Delete what is recorded of a subject",
    "alerts:write": "Set objectives, acknowledge alerts and choose which are mailed",
    "training:write": "Freeze dataset versions, start and cancel training jobs",
    "evaluations:write": "Have versions measured beside the champion",
    "gates:write": "Set the gates that candidates of a model must pass",
    "webhooks:write": "Make webhook endpoints, ping them and have things delivered again",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class ScopedPermission(BasePermission):
    """Signed in; and, where a key was used, its scopes cover the view's `write_scope` (or `read`)."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        scopes = getattr(request.auth, "scopes", None)
        if scopes is None:
            return True
        needed = "read" if request.method in _SAFE else getattr(view, "write_scope", "")
        if needed not in scopes:
            raise Forbidden(
                f"This key lacks the scope '{needed or 'none: no key may do this'}'.",
                remedy="Use a key that holds the scope, or sign in.",
            )
        return True


def actor_of(request: "Request | HttpRequest") -> User:
    """Who acts; only for views that let nobody in who is not signed in."""
    assert isinstance(request.user, User)
    return request.user


def allowed_deployments(request: "Request") -> list[str]:
    """Deployments that the request's key is for; empty for every one, and for who is signed in."""
    return getattr(request.auth, "deployments", None) or []


def require(actor: User, permission: str, doing: str) -> None:
    """Raise Forbidden unless `actor` is active and holds `permission`, `app.codename`; `doing` ends the sentence."""
    if not actor.is_active or not actor.has_perm(permission):
        raise Forbidden(f"{actor.get_username()} may not {doing}: the permission '{permission}' is missing.")
