"""What gateways counted, in windows of ten seconds, and what each gateway last said.

Objectives, alerts and mails stand in files of their own.
"""

from django.db import models

from apps.monitoring.alerting import Alert, AlertRule, AlertWatch
from apps.monitoring.mailing import AlertMail, MailTry, Subscription
from apps.monitoring.objectives import Objective, ObjectiveMinute

__all__ = [
    "AccuracyCount",
    "Alert",
    "AlertMail",
    "AlertRule",
    "AlertWatch",
    "GatewayReport",
    "MailTry",
    "MetricWindow",
    "Objective",
    "ObjectiveMinute",
    "Subscription",
]

#: The `deployment` of a window that sums every deployment. It is written whenever a gateway is heard, so a window
#: without it is a gap: nobody knows what happened. A window with it and without a deployment's own row is a true zero.
FLEET = ""


class MetricWindow(models.Model):
    """Requests that ended within `rules.WINDOW_SECONDS` from `start`, of one revision or of the fleet."""

    start = models.DateTimeField()
    deployment = models.CharField(max_length=63, blank=True)
    #: 0 for the fleet.
    revision = models.PositiveIntegerField()
    requests = models.PositiveBigIntegerField(default=0)
    #: Error code -> count; these are among `requests`.
    errors = models.JSONField(default=dict)
    #: Upper bound of a bucket in milliseconds, as text -> count.
    latency = models.JSONField(default=dict)
    #: Input name -> how many requests carried it.
    inputs = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "start", "revision"], name="metric_window_once")]
        indexes = [models.Index(fields=["start"], name="metric_window_start")]

    def __str__(self) -> str:
        return f"{self.deployment or 'fleet'} {self.start:%Y-%m-%d %H:%M:%S}"


class GatewayReport(models.Model):
    """What one gateway process last said, and which of its numbered entries have been counted."""

    gateway = models.CharField(max_length=100, primary_key=True)
    #: Every entry up to this number is counted or given up; see rules/receipts.py.
    floor = models.PositiveBigIntegerField(default=0)
    #: Numbers above the floor that are counted.
    ahead = models.JSONField(default=list)
    #: Entries that never came.
    lost = models.PositiveBigIntegerField(default=0)
    #: Requests that the gateway could not report, by its own count since it began.
    dropped = models.PositiveBigIntegerField(default=0)
    in_flight = models.PositiveIntegerField(default=0)
    #: By the gateway's clock.
    reported_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-reported_at"], name="gateway_report_newest")]

    def __str__(self) -> str:
        return self.gateway


class AccuracyCount(models.Model):
    """Samples of one minute of a revision's predictions: answered with a label, of known truth, and right.

    A ledger: what counts is the sum over a minute's rows. The database's triggers (migration 0002) add a row with each
    statement that changes predictions or feedback, below zero for what is deleted or corrected, so the sums are right
    with every transaction. Nobody else writes here but services/accuracy.py, which keeps the sums.
    """

    deployment = models.CharField(max_length=63)
    revision = models.PositiveIntegerField()
    #: The minute, by the time of the predictions.
    start = models.DateTimeField()
    predictions = models.BigIntegerField(default=0)
    labelled = models.BigIntegerField(default=0)
    right = models.BigIntegerField(default=0)
    #: The one row of its minute into which the added ones are put.
    folded = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "revision", "start"], condition=models.Q(folded=True), name="accuracy_folded_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["deployment", "start"],
                include=["revision", "predictions", "labelled", "right"],
                name="accuracy_deployment",
            ),
            models.Index(fields=["id"], condition=models.Q(folded=False), name="accuracy_added"),
            models.Index(fields=["start"], name="accuracy_start"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} {self.start:%Y-%m-%d %H:%M}"
