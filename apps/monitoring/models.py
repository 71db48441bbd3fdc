"""What gateways counted, in windows and since the beginning, and what each gateway last said.

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
    """Requests that ended within `step` seconds from `start`, of one revision or of the fleet.

    Entries are counted into windows of one second; services/rollup.py adds those into windows of ten, and these into
    windows of a minute. A window's counts are in the next step's if it is `rolled`, so what a step knows of a time is
    the sum of its own windows and the finer ones that are not rolled.
    """

    #: Of rules.STEPS.
    step = models.PositiveSmallIntegerField()
    start = models.DateTimeField()
    deployment = models.CharField(max_length=63, blank=True)
    #: 0 for the fleet.
    revision = models.PositiveIntegerField()
    #: Seconds of the window in which a gateway was heard; of the fleet alone.
    heard = models.PositiveSmallIntegerField(default=0)
    requests = models.PositiveBigIntegerField(default=0)
    #: Of answered requests.
    samples = models.PositiveBigIntegerField(default=0)
    #: Error code -> count; these are among `requests`.
    errors = models.JSONField(default=dict)
    #: Input name -> how many requests carried it.
    inputs = models.JSONField(default=dict)
    #: Latency and more by name (rules/sketches.py).
    sketches = models.BinaryField(default=b"")
    rolled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "step", "start", "revision"], name="metric_window_once")
        ]
        indexes = [
            models.Index(fields=["step", "start"], name="metric_window_start"),
            models.Index(fields=["start"], condition=models.Q(rolled=False, step__lt=60), name="metric_window_open"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment or 'fleet'} {self.start:%Y-%m-%d %H:%M:%S} {self.step} s"


class MetricTotal(models.Model):
    """Everything that any gateway counted of a revision, ever: what Prometheus reads, whichever gateway comes or
    goes."""

    deployment = models.CharField(max_length=63)
    revision = models.PositiveIntegerField()
    #: rules/totals.py
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "revision"], name="metric_total_once")]

    def __str__(self) -> str:
        return f"{self.deployment}:{self.revision}"


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
