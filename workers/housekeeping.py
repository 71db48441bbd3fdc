"""Drops what has served its time, every few minutes."""

from datetime import timedelta

from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.monitoring.services import windows_expire
from apps.registry.services import uploads_expire

#: How long a told event is kept to look back at.
_KEEP_EVENTS = timedelta(days=7)


def tidy() -> None:
    """Delete told events past their keep, abandoned uploads and old metric windows."""
    OutboxEvent.objects.filter(done_at__lt=now() - _KEEP_EVENTS).delete()
    uploads_expire()
    windows_expire()
