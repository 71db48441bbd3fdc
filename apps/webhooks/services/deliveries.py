"""What endpoints are to be told."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from apps.core import audit, poke, sending
from apps.core.clock import now
from apps.core.ids import new_id
from apps.core.models import User
from apps.webhooks.access import delivery_for, endpoint_for
from apps.webhooks.errors import DeliveryUnderWay, EndpointInactive
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.selectors import endpoint_ids_for

log = structlog.get_logger(__name__)

#: The Celery task that sends what is due.
TASK = "webhooks.deliver"
#: How long deliveries are kept, whatever came of them.
_KEEP = timedelta(days=30)


def delivery_add(
    *, endpoint_id: int, owner_id: int | None, message_id: str, event_type: str, at: datetime, data: dict[str, Any]
) -> Delivery | None:
    """Have an endpoint told of something that happened at `at`; None where that owner has no such endpoint any more.

    The same `message_id` twice is told once. It must hold no full stop, and `data` what JSON can. It is sent within
    a second or so of the commit; see `hurry`.
    """
    with transaction.atomic():
        # Locked, so that it is not deleted between this look and the commit.
        endpoints = WebhookEndpoint.objects.select_for_update(no_key=True)
        endpoint = endpoints.filter(pk=endpoint_id, owner_id=owner_id).first()
        if endpoint is None:
            log.warning("nobody to tell: the webhook endpoint is gone", endpoint=endpoint_id, message=message_id)
            return None
        told = {"event_type": event_type, "body": _body(event_type, at, data)}
        delivery, _ = Delivery.objects.get_or_create(endpoint=endpoint, message_id=message_id, defaults=told)
    return delivery


def event_publish(*, message_id: str, event_type: str, at: datetime, data: dict[str, Any]) -> int:
    """Have every endpoint told that asked for such events (rules/types.py); returns how many.

    The same `message_id` twice is told once an endpoint, and with the words of the first time.
    """
    body = _body(event_type, at, data)
    with transaction.atomic():
        # Locked, so that none is deleted between this look and the commit.
        wanted = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk__in=endpoint_ids_for(event_type))
        deliveries = [
            Delivery(endpoint=endpoint, message_id=message_id, event_type=event_type, body=body)
            for endpoint in wanted.order_by("pk")
        ]
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        if deliveries:
            hurry()
    return len(deliveries)


def hurry() -> None:
    """Once the transaction has committed, have what is due sent at once rather than at the next tick."""
    transaction.on_commit(lambda: poke.send(TASK))


def _body(event_type: str, at: datetime, data: dict[str, Any]) -> str:
    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": event_type, "timestamp": moment, "data": data}, separators=(",", ":"))


def endpoint_ping(*, actor: User, endpoint_id: int) -> Delivery:
    """Have an endpoint told nothing but that it can be."""
    endpoint = endpoint_for(actor, endpoint_id)
    _require_active(endpoint)
    delivery = delivery_add(
        endpoint_id=endpoint.pk,
        owner_id=endpoint.owner_id,
        message_id=f"msg_{new_id().hex}",
        event_type="webhooks.ping",
        at=now(),
        data={"endpoint": endpoint.name},
    )
    hurry()
    assert delivery is not None
    return delivery


def delivery_redeliver(*, actor: User, endpoint_id: int, delivery_id: UUID) -> Delivery:
    """Send it again, now and as if for the first time, under the same `webhook-id`."""
    delivery = delivery_for(actor, endpoint_id, delivery_id)
    _require_active(delivery.endpoint)
    with transaction.atomic():
        rests = Delivery.objects.filter(sending.resting(), pk=delivery.pk)
        if not rests.update(state=Delivery.State.WAITING, **sending.afresh()):
            raise DeliveryUnderWay("This delivery is being sent at this moment.")
        audit.record(
            actor=actor,
            action="webhook.redelivered",
            target=f"webhook:{delivery.endpoint.name}",
            message=delivery.message_id,
        )
        hurry()
    delivery.refresh_from_db()
    return delivery


def deliveries_expire() -> None:
    """Drop what is older than its keep."""
    Delivery.objects.filter(created_at__lt=now() - _KEEP).delete()


def _require_active(endpoint: WebhookEndpoint) -> None:
    if not endpoint.active:
        raise EndpointInactive(
            f"The webhook endpoint '{endpoint.name}' is not active. {endpoint.disabled_reason}".strip()
        )
