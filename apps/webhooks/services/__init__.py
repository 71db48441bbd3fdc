"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.webhooks.services.attempts import Claimed, attempt_record, deliveries_claim
from apps.webhooks.services.deliveries import (
    TASK,
    deliveries_expire,
    delivery_add,
    delivery_redeliver,
    endpoint_ping,
    event_publish,
    hurry,
)
from apps.webhooks.services.endpoints import (
    KEEP_PREVIOUS,
    endpoint_create,
    endpoint_delete,
    endpoint_update,
    secret_rotate,
)

__all__ = [
    "KEEP_PREVIOUS",
    "TASK",
    "Claimed",
    "attempt_record",
    "deliveries_claim",
    "deliveries_expire",
    "delivery_add",
    "delivery_redeliver",
    "endpoint_create",
    "endpoint_delete",
    "endpoint_ping",
    "endpoint_update",
    "event_publish",
    "hurry",
    "secret_rotate",
]
