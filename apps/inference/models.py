"""API keys and the numbered routing snapshots that gateways follow. Predictions stand in predictions.py."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.inference.predictions import Feedback, KeptInput, Mirror, Prediction, RecordTally, SubjectErasure

__all__ = [
    "ApiKey",
    "Feedback",
    "KeptInput",
    "Mirror",
    "Prediction",
    "RecordTally",
    "RoutingSnapshot",
    "SubjectErasure",
]


class ApiKey(models.Model):
    """A key acts for its user, within its scopes. Only the SHA-256 of the whole key is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    #: The first characters, to tell keys apart in a list.
    prefix = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=30))
    #: Deployment names that the key may ask; empty means every one.
    deployments = ArrayField(models.CharField(max_length=63), default=list, blank=True)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    #: When it last opened REST, to the minute; gateways check keys without the database and tell nothing of them.
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=Q(revoked_at=None), name="api_key_name_in_use_once"
            )
        ]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def refusal(self) -> str | None:
        """Why the key no longer opens anything, or None."""
        if self.revoked_at:
            return f"This key was revoked on {self.revoked_at:%Y-%m-%d %H:%M} UTC."
        if self.expires_at and self.expires_at <= now():
            return f"This key expired on {self.expires_at:%Y-%m-%d %H:%M} UTC."
        return None if self.user.is_active else "The user this key acts for is not active."


class RoutingSnapshot(models.Model):
    """What gateways route by: immutable and numbered; a new one only where something changed."""

    number = models.PositiveBigIntegerField(primary_key=True)
    #: SHA-256 of the document without its number and time.
    digest = models.CharField(max_length=64)
    document = models.JSONField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"snapshot {self.number}"
