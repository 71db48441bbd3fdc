"""REST authentication by API key: `Authorization: Bearer qk_...`."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication

from apps.core.errors import NotAuthenticated
from apps.core.models import User
from apps.inference import rules
from apps.inference.errors import KeyRefused
from apps.inference.models import ApiKey

if TYPE_CHECKING:  # DRF's views import this module while they load
    from rest_framework.request import Request


class ApiKeyAuthentication(BaseAuthentication):
    """Unknown key: 401. Revoked or expired key: 403, saying since when."""

    def authenticate(self, request: "Request") -> tuple[User, ApiKey] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = ApiKey.objects.select_related("user").filter(hash=rules.key_hash(text.strip())).first()
        if key is None:
            raise NotAuthenticated("This API key is not known.")
        if refusal := key.refusal():
            raise KeyRefused(refusal)
        return key.user, key

    def authenticate_header(self, request: "Request") -> str:
        return "Bearer"
