"""Evidently's reports of runs: a row each, the HTML beside it for a while."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import now


class DriftReport(models.Model):
    """Asked for -> being made -> made or failed; asked for anew once its file is gone, it failed, or nobody made it.

    What Evidently said of each signal stays; the file, which is large, goes at `expires_at`.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    run = models.OneToOneField("drift.DriftRun", on_delete=models.CASCADE, primary_key=True, related_name="report")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=now)
    #: Drawn anew with each request: who makes a report for an older one writes nothing.
    ticket = models.UUIDField()
    made_at = models.DateTimeField(null=True, blank=True)
    #: Name in the asset storage (store.py), and bytes as they are kept; empty once it has expired.
    file = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    #: Why it failed.
    problem = models.TextField(blank=True)
    #: {signal: {"drifted", "method", "score"}} as Evidently thinks, and {signal: why it was not shown}.
    opinions = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(file="") | Q(state="done", expires_at__isnull=False), name="drift_report_file_when_done"
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="drift_report_expires", condition=~Q(file=""))]

    def __str__(self) -> str:
        return f"Evidently's report of {self.run}"
