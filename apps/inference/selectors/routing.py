"""What a routing snapshot holds."""

from datetime import timedelta
from typing import Any

from apps.core.clock import now
from apps.deployments.selectors import routing_deployments
from apps.inference.models import ApiKey, RoutingSnapshot
from apps.webhooks.selectors import endpoint_ids_by_owner

#: How long a gateway can say of a closed key what became of it.
_TOLD_FOR = timedelta(days=30)


def routing_document() -> dict[str, Any]:
    """The content of the next snapshot, as gateways read it (workers/serving/routing.py describes the fields).

    Keys revoked or expired stay in it for a while, marked: a gateway can then say 403 and why, rather than 401.
    """
    callbacks = endpoint_ids_by_owner()
    keys = [_key(key) | {"callbacks": callbacks.get(key.user_id, {})} for key in _inference_keys()]
    return {"keys": keys, "deployments": routing_deployments()}


def routing_published(deployment: str) -> dict[str, Any] | None:
    """How gateways reach the deployment by the newest snapshot; None where they do not."""
    newest = RoutingSnapshot.objects.values_list("document", flat=True).first()
    found: dict[str, Any] | None = (newest or {}).get("deployments", {}).get(deployment)
    return found


def _inference_keys() -> Any:
    keys = ApiKey.objects.filter(scopes__contains=["infer"]).select_related("user").order_by("pk")
    return keys.exclude(revoked_at__lt=now() - _TOLD_FOR).exclude(expires_at__lt=now() - _TOLD_FOR)


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "hash": key.hash,
        "scopes": key.scopes,
        "deployments": key.deployments,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked": key.revoked_at is not None or not key.user.is_active,
    }
