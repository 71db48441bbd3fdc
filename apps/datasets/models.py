"""Kept files by what is in them. Whoever uses one refers to it by a foreign key that protects it."""

from django.db import models
from django.db.models import Q

from apps.core.clock import now


class Asset(models.Model):
    """One file, of which the storage (store.py) has the bytes; the same bytes are the same asset, however often."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()  # bytes
    #: As told from its content.
    media_type = models.CharField(max_length=100)
    #: What was found out about it off the hot path, its signals above all (workers/file_signals.py).
    descriptors = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    last_kept_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="asset_sha256_form")]
        indexes = [models.Index(fields=["last_kept_at"], name="asset_last_kept")]

    def __str__(self) -> str:
        return self.sha256
