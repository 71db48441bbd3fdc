"""What is sent at least once, from a row: claimed for the length of a lease, tried again, or sent afresh."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.core.ids import new_id


class Sending(models.Model):
    """One thing to one receiver; each app adds what it is and the states it knows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    #: Tries since it was made or last asked for again.
    tries = models.PositiveIntegerField(default=0)
    #: Not before this moment: a lease while it is being sent, a pause after a failure.
    due_at = models.DateTimeField(default=now)
    #: Who is sending it; only their result counts.
    claim = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-pk"]


def claimed(claim: UUID, at: datetime, lease: timedelta) -> dict[str, Any]:
    """The fields of one that somebody sends from `at` on; the try counts."""
    return {"claim": claim, "due_at": at + lease, "tries": F("tries") + 1}


def afresh() -> dict[str, Any]:
    """The fields of one that is to be sent now and as if for the first time."""
    return {"tries": 0, "due_at": now(), "claim": None, "finished_at": None}


def resting() -> Q:
    """Nobody is sending it, or whoever did is dead."""
    return Q(claim=None) | Q(due_at__lte=now())
