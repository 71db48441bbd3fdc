"""Telling people of alerts: what webhook endpoints and mails are to say, written down before anything is sent."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.core.clock import now
from apps.monitoring.models import Alert
from apps.monitoring.services.mails import mails_add
from apps.webhooks.services import event_publish


def alert_tell(*, event_id: UUID, alert_id: str, kind: str, message: str, about: dict[str, Any]) -> None:
    """Listener of monitoring.alert_told: one delivery an endpoint that asked for it, one mail a subscriber.

    Told again it writes nothing new: both know `message`.
    """
    told = about | {"url": f"{settings.QUARTET_URL}/alerts/{alert_id}/"}
    with transaction.atomic():
        alert = Alert.objects.filter(pk=alert_id).first()
        if alert is None:  # past its keep
            return
        event_publish(message_id=message, event_type=kind, at=now(), data=told)
        mails_add(alert=alert, kind=kind, message=message, told=told)
