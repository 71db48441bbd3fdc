"""Reads."""

from django.db.models import QuerySet

from apps.core.clock import now
from apps.core.models import User
from apps.webhooks.access import endpoint_for
from apps.webhooks.models import Delivery, WebhookEndpoint


def endpoint_ids_by_owner() -> dict[int, dict[str, int]]:
    """Owner -> name -> id of the active endpoints."""
    found: dict[int, dict[str, int]] = {}
    active = WebhookEndpoint.objects.filter(active=True).order_by("pk")
    for owner, name, number in active.values_list("owner_id", "name", "pk"):
        found.setdefault(owner, {})[name] = number
    return found


def deliveries_of(actor: User, endpoint_id: int) -> QuerySet[Delivery]:
    """What an endpoint of the actor's was told or is to be told, with its log."""
    return Delivery.objects.filter(endpoint=endpoint_for(actor, endpoint_id)).prefetch_related("log")


def deliveries_due() -> QuerySet[Delivery]:
    """What may be sent at this moment. The endpoints of people who have left get nothing."""
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now())
    return waiting.filter(endpoint__active=True, endpoint__owner__is_active=True)


def endpoints_disabled() -> QuerySet[WebhookEndpoint]:
    """Those that Quartet switched off and nobody has set active again."""
    off = WebhookEndpoint.objects.filter(active=False, owner__is_active=True).exclude(disabled_reason="")
    return off.select_related("owner").order_by("pk")


def endpoint_ids_for(event_type: str) -> list[int]:
    """Endpoints that want to be told of such events. One that is switched off is told once it is on again."""
    wanted = WebhookEndpoint.objects.filter(events__contains=[event_type], owner__is_active=True)
    return list(wanted.order_by("pk").values_list("pk", flat=True))
