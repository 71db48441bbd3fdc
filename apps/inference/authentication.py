"""REST authentication by API key: `Authorization: Bearer qk_...`."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication

from apps.core.models import User
from apps.inference.access import key_presented
from apps.inference.models import ApiKey
from apps.inference.services import key_used

if TYPE_CHECKING:  # DRF's views import this module while they load
    from rest_framework.request import Request


class ApiKeyAuthentication(BaseAuthentication):
    """Unknown key: 401. Revoked or expired key: 403, saying since when."""

    def authenticate(self, request: "Request") -> tuple[User, ApiKey] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = key_presented(text)
        key_used(key)
        return key.user, key

    def authenticate_header(self, request: "Request") -> str:
        return "Bearer"
