"""Drops what has served its time, every few minutes."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.contrib.sessions.models import Session

from apps.approvals.services import requests_expire
from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.datasets.services import assets_expire
from apps.drift.services import reports_expire, runs_expire
from apps.inference.services import erasures_expire, feedback_expire, mirrors_expire, predictions_expire
from apps.monitoring.services import (
    accuracy_expire,
    accuracy_fold,
    alerts_expire,
    mails_expire,
    minutes_expire,
    windows_expire,
)
from apps.registry.services import uploads_expire
from apps.webhooks.services import deliveries_expire

#: How long a told event is kept to look back at.
_KEEP_EVENTS = timedelta(days=7)


log = structlog.get_logger(__name__)


def tidy() -> None:
    """Delete what is past its keep; one kind that cannot be deleted does not hold up the others."""
    for expire in STEPS:
        try:
            expire()
        except Exception:
            log.exception("housekeeping could not do one of its steps", step=expire.__name__)


def events_expire() -> None:
    """Events that were told to all their listeners."""
    OutboxEvent.objects.filter(done_at__lt=now() - _KEEP_EVENTS).delete()


def sessions_expire() -> None:
    """Sign-ins that have ended by themselves."""
    Session.objects.filter(expire_date__lt=now()).delete()


STEPS: tuple[Callable[[], object], ...] = (
    events_expire,
    sessions_expire,
    requests_expire,
    uploads_expire,
    windows_expire,
    deliveries_expire,
    predictions_expire,
    mirrors_expire,
    accuracy_fold,
    accuracy_expire,
    minutes_expire,
    mails_expire,
    alerts_expire,
    feedback_expire,
    erasures_expire,
    reports_expire,
    runs_expire,
    assets_expire,
)
