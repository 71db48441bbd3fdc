"""Inputs that a deployment's model is not given for a while."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import now


class MutedInput(models.Model):
    """One input of a deployment, muted by a person or by a drift run until it is released; then it is history.

    A muting by a run is undone by a run that finds the input's modality steady; a person's by a person alone.
    """

    deployment = models.ForeignKey("Deployment", on_delete=models.PROTECT, related_name="muted_inputs")
    input = models.CharField(max_length=63)
    reason = models.TextField(blank=True)
    muted_at = models.DateTimeField(default=now)
    #: One of the two: who, or the number of the drift run.
    muted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    drift_run = models.PositiveBigIntegerField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    #: None where a run or a new revision ended it.
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    release_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "input"], condition=Q(released_at=None), name="muted_input_once"
            ),
            models.CheckConstraint(
                condition=Q(muted_by=None, drift_run__isnull=False) | Q(muted_by__isnull=False, drift_run=None),
                name="muted_input_by_one",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=False) | Q(released_by=None), name="muted_input_released_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.input} of {self.deployment}"

    @property
    def by(self) -> str:
        """Who muted it, in words."""
        return self.muted_by.get_username() if self.muted_by else f"drift run {self.drift_run}"
