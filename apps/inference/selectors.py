"""What a routing snapshot holds."""

from typing import Any

from apps.deployments.selectors import routing_deployments
from apps.inference.models import ApiKey


def routing_document() -> dict[str, Any]:
    """The content of the next snapshot, as gateways read it (workers/serving/routing.py describes the fields).

    Revoked keys stay in it, marked: a gateway can then say 403 "revoked" rather than 401 "unknown".
    """
    return {"keys": [_key(key) for key in _inference_keys()], "deployments": routing_deployments()}


def _inference_keys() -> Any:
    return ApiKey.objects.filter(scopes__contains=["infer"]).select_related("user").order_by("pk")


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "hash": key.hash,
        "scopes": key.scopes,
        "deployments": key.deployments,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked": key.revoked_at is not None or not key.user.is_active,
    }
