"""What a deployment promises, and how each minute kept the promise."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.deployments.models import Deployment
from apps.monitoring.rules.objectives import DAYS, LEAST, Promise


class Objective(models.Model):
    """A share of a deployment's requests, or of its labelled samples, that shall be good over a period."""

    class Kind(models.TextChoices):
        AVAILABILITY = "availability"
        LATENCY = "latency"
        ACCURACY = "accuracy"

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="objectives")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    #: The share that shall be good, above 0 and below 1.
    target = models.FloatField()
    #: Of a latency objective: milliseconds at the gateway.
    within_ms = models.PositiveIntegerField(null=True, blank=True)
    period_days = models.PositiveSmallIntegerField(default=DAYS)
    #: Requests, or labels, below which nothing is judged.
    least = models.PositiveIntegerField(default=LEAST)
    #: What the last look found: rules/standing.py. Empty before the first.
    standing = models.JSONField(default=dict, blank=True)
    #: Up to which moment its minutes are counted.
    counted_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["deployment__name", "kind", "within_ms"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "kind"], condition=~Q(kind="latency"), name="objective_kind_once"
            ),
            models.UniqueConstraint(
                fields=["deployment", "within_ms"], condition=Q(kind="latency"), name="objective_latency_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="latency", within_ms__isnull=False) | (~Q(kind="latency") & Q(within_ms=None)),
                name="objective_within",
            ),
            models.CheckConstraint(condition=Q(target__gt=0, target__lt=1), name="objective_target"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment.name}/{self.promise.name}"

    @property
    def promise(self) -> Promise:
        """As a value."""
        return Promise(self.kind, self.target, self.within_ms, self.period_days, self.least)


class ObjectiveMinute(models.Model):
    """What one minute held for an objective. There is a row where a gateway was heard: without one nobody knows."""

    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="minutes")
    start = models.DateTimeField()
    total = models.PositiveBigIntegerField(default=0)
    bad = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["objective", "start"], name="objective_minute_once")]
        indexes = [models.Index(fields=["start"], name="objective_minute_start")]

    def __str__(self) -> str:
        return f"{self.objective_id} {self.start:%Y-%m-%d %H:%M}"
