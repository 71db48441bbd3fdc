"""What was answered, what was true, and which inputs are kept."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.clock import now

DEPLOYMENT_LENGTH = 63
SUBJECT_LENGTH = 200
SOURCE_LENGTH = 100


class Prediction(models.Model):
    """One answered request. Written in bulk by ingest alone, and never changed.

    The table is partitioned by the day of `at`, which is the time that the id holds: rules/ids.py tells it, so a row is
    found from its id in one partition. Migration 0002 makes it; services/partitions.py makes and drops the days.
    """

    pk = models.CompositePrimaryKey("at", "id")
    id = models.UUIDField()
    at = models.DateTimeField()
    deployment = models.CharField(max_length=DEPLOYMENT_LENGTH)
    revision = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    #: Code of the error that it was answered with, or empty.
    error = models.CharField(max_length=63, blank=True)
    latency_ms = models.FloatField()
    #: Of it waiting for replicas, over all stages.
    queue_ms = models.FloatField()
    samples = models.PositiveSmallIntegerField()
    #: Names of the inputs that the request brought, and of those that the model knows and it did not bring.
    inputs = ArrayField(models.CharField(max_length=63), default=list)
    missing = ArrayField(models.CharField(max_length=63), default=list)
    #: A sample each, both; empty where the model has no such output.
    labels = ArrayField(models.TextField(), default=list)
    confidences = ArrayField(models.FloatField(null=True), default=list)
    #: Whom it is about, as the caller said: what is recorded of somebody can be deleted.
    subject = models.CharField(max_length=SUBJECT_LENGTH, blank=True)
    #: Of the inputs that it brought those that were muted. The model was not given them, unless they were all that it
    #: could have answered from.
    muted = ArrayField(models.CharField(max_length=63), default=list)
    muted_used = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["deployment", "at"], name="prediction_deployment"),
            models.Index(fields=["subject"], name="prediction_subject", condition=~Q(subject="")),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Mirror(models.Model):
    """What a revision in the shadow made of a request that the live one answered: the prediction of the same id.

    Nobody was given it, and no figure of the deployment counts it. Kept for some days, however long predictions are.
    """

    prediction = models.UUIDField()
    #: The prediction's.
    at = models.DateTimeField()
    deployment = models.CharField(max_length=DEPLOYMENT_LENGTH)
    revision = models.PositiveIntegerField()
    #: Code of the error that it ended in, or empty.
    error = models.CharField(max_length=63, blank=True)
    #: Of the batches that it was in, and of those that the live revision's answer was in.
    busy_ms = models.FloatField()
    live_busy_ms = models.FloatField()
    #: A sample each, both; empty where the model has no such output.
    labels = ArrayField(models.TextField(), default=list)
    confidences = ArrayField(models.FloatField(null=True), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "revision"], name="mirror_once"),
        ]
        indexes = [
            models.Index(fields=["deployment", "revision", "-at"], name="mirror_newest"),
            models.Index(fields=["at"], name="mirror_at"),
        ]

    def __str__(self) -> str:
        return f"{self.prediction} by revision {self.revision}"


class KeptInput(models.Model):
    """One input of one sample of a prediction, kept as an asset. It may come before the prediction itself."""

    prediction = models.UUIDField()
    #: The prediction's.
    at = models.DateTimeField()
    deployment = models.CharField(max_length=DEPLOYMENT_LENGTH)
    input = models.CharField(max_length=63)
    sample = models.PositiveSmallIntegerField()
    asset = models.ForeignKey("datasets.Asset", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "input", "sample"], name="kept_input_once"),
        ]
        indexes = [models.Index(fields=["at"], name="kept_input_at")]

    def __str__(self) -> str:
        return f"{self.input} of sample {self.sample} of {self.prediction}"


class Feedback(models.Model):
    """What was true of one sample of a prediction. It may come before the record of the prediction, and then waits."""

    prediction = models.UUIDField()
    #: The prediction's.
    at = models.DateTimeField()
    sample = models.PositiveSmallIntegerField(default=0)
    truth = models.TextField()
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(default=now)
    #: Where the truth is from, in the giver's words.
    source = models.CharField(max_length=SOURCE_LENGTH, blank=True)
    #: What was said before, oldest first: truth, given_by, given_at, source; while it waits, `allowed` too.
    history = models.JSONField(default=list)
    #: The prediction's, once its record is here.
    deployment = models.CharField(max_length=DEPLOYMENT_LENGTH, blank=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    #: Deployments of which the giver's key may speak, for when the record comes; empty for every one.
    allowed = ArrayField(models.CharField(max_length=DEPLOYMENT_LENGTH), default=list, blank=True)

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [
            models.UniqueConstraint(fields=["prediction", "sample"], name="feedback_once"),
            models.CheckConstraint(
                condition=Q(bound_at=None, deployment="") | Q(bound_at__isnull=False) & ~Q(deployment=""),
                name="feedback_bound_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["given_at"], name="feedback_waiting", condition=Q(bound_at=None)),
            models.Index(fields=["deployment", "at"], name="feedback_deployment"),
        ]

    def __str__(self) -> str:
        return f"sample {self.sample} of {self.prediction}"


class RecordTally(models.Model):
    """The one row that counts what was recorded and what was not, for ever."""

    recorded = models.PositiveBigIntegerField(default=0)
    #: Predictions that their writers dropped as the stream was full, and how far Valkey's counter was when last read.
    dropped = models.PositiveBigIntegerField(default=0)
    dropped_seen = models.PositiveBigIntegerField(default=0)
    #: The same of kept inputs.
    kept_dropped = models.PositiveBigIntegerField(default=0)
    kept_dropped_seen = models.PositiveBigIntegerField(default=0)
    #: Records that no row could hold, or whose time cannot be true by the database's clock.
    refused = models.PositiveBigIntegerField(default=0)
    #: Feedback whose prediction never came, and that whose prediction it did not fit.
    feedback_expired = models.PositiveBigIntegerField(default=0)
    feedback_refused = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.recorded} recorded"


class SubjectErasure(models.Model):
    """A subject was deleted: what is recorded of it from before, and still on its way, is not taken any more."""

    #: SHA-256 of the subject, which itself is not kept.
    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.digest
