"""Alerts: what is wrong, since when, how bad, whose fault, and what to do. And who looks for them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.core.ids import new_id
from apps.monitoring.rules.findings import RULES, Severity


class AlertRule(models.Model):
    """What an administrator set otherwise for one kind of alert; without a row it is as rules/findings.py says."""

    name = models.CharField(
        max_length=20, primary_key=True, choices=[(name, rule.words) for name, rule in RULES.items()]
    )
    #: Alerts of this kind have this severity; empty: each has its own.
    severity = models.CharField(max_length=10, blank=True, choices=[(each.value, each.value) for each in Severity])
    #: Whether there are such alerts at all.
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """Something wrong while it lasts: suspected -> raised -> resolved; there is one at a time of each group.

    Deployments are named, as in the windows. The `group` tells apart what else one rule finds in a deployment: an
    objective, a modality, a revision.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.CharField(max_length=20)
    deployment = models.CharField(max_length=63, blank=True)
    group = models.CharField(max_length=100, blank=True)
    severity = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Severity])
    #: What is wrong, as a sentence without its full stop; how bad it is, and why as far as known.
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    #: `caller`, `platform`, `model`, `operator`, or empty where nobody can tell.
    fault = models.CharField(max_length=10, blank=True)
    remedy = models.TextField(blank=True)
    since = models.DateTimeField(default=now)
    #: Empty while it is only suspected: what passes within its rule's patience is told to nobody.
    raised_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=now)
    #: Since when there has been nothing to find; empty while there is.
    calm_since = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=300, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True)
    #: How often people were told: a number in the ids of messages, so that each is told once.
    told = models.PositiveIntegerField(default=0)
    #: The outbox event that was heard of it last, where events tell of it: an older one says nothing any more.
    heard = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "deployment", "group"], condition=Q(resolved_at=None), name="alert_open_once"
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None) | Q(raised_at__isnull=False), name="alert_raised_before_resolved"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_by=None, acknowledged_at=None)
                | Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
                name="alert_acknowledged_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["-resolved_at"], name="alert_resolved", condition=Q(resolved_at__isnull=False)),
            models.Index(fields=["rule", "deployment", "group", "-id"], name="alert_history"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        """Raised, and not resolved."""
        return self.raised_at is not None and self.resolved_at is None


class AlertWatch(models.Model):
    """One row: when somebody looks next, which is claimed by moving it on, and counters as they were seen last."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    due_at = models.DateTimeField(default=now)
    #: Name of a counter -> [its value when it last rose, when that was, its value before, when it began to rise].
    counters = models.JSONField(default=dict)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="alert_watch_one_row")]
        verbose_name_plural = "alert watch"

    def __str__(self) -> str:
        return f"due at {self.due_at:%Y-%m-%d %H:%M:%S}"
