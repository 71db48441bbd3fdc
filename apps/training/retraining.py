"""When a deployment's model learns anew by itself, and every time that something called for it."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.training.rules.retraining import DEFAULTS
from apps.training.rules.triggers import OPEN, Kind, Pace, State


class RetrainPolicy(models.Model):
    """Of one deployment; fields as rules/retraining.py has them. It runs in the name of who set it."""

    deployment = models.OneToOneField("deployments.Deployment", on_delete=models.CASCADE, related_name="retrain_policy")
    enabled = models.BooleanField(default=True)
    on_drift = models.BooleanField(default=True)
    #: Groups of a drift run; none stands for every one.
    drift_groups = ArrayField(models.CharField(max_length=63), default=list, blank=True)
    #: Below this share over the window, of at least so many labelled samples of the live revision; None for never.
    accuracy_floor = models.FloatField(null=True, blank=True)
    accuracy_least = models.PositiveIntegerField(default=DEFAULTS["accuracy_least"])
    accuracy_window = models.CharField(max_length=3, default=DEFAULTS["accuracy_window"])
    every_hours = models.PositiveIntegerField(null=True, blank=True)
    every_labels = models.PositiveIntegerField(null=True, blank=True)
    #: From the end of one retraining to the beginning of the next.
    cooldown_s = models.PositiveIntegerField(default=DEFAULTS["cooldown_s"])
    #: Newly labelled samples with kept inputs that a retraining needs, and how long a trigger waits for them.
    least_labels = models.PositiveIntegerField(default=DEFAULTS["least_labels"])
    wait_s = models.PositiveIntegerField(default=DEFAULTS["wait_s"])
    #: Share of what was met that is measured with and never trained on.
    held_out = models.FloatField(default=DEFAULTS["held_out"])
    #: Of what was met: the newest so many samples, of predictions at most so old.
    newest = models.PositiveIntegerField(default=DEFAULTS["newest"])
    days = models.PositiveIntegerField(default=DEFAULTS["days"])
    #: What is learned from, and measured with, besides what was met.
    base = models.ManyToManyField("datasets.DatasetVersion", related_name="+", blank=True)
    measured_on = models.ManyToManyField("datasets.DatasetVersion", related_name="+", blank=True)
    recipe = models.CharField(max_length=40, default=DEFAULTS["recipe"])
    parameters = models.JSONField(default=dict, blank=True)
    seed = models.PositiveBigIntegerField(default=0)
    device = models.CharField(max_length=10, default=DEFAULTS["device"])
    limit = models.JSONField(default=dict, blank=True)
    #: How a candidate that passed its gates is let in; the plans that the strategy has, with every default.
    strategy = models.CharField(max_length=20, default=DEFAULTS["strategy"])
    canary = models.JSONField(null=True, blank=True)
    shadow = models.JSONField(null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "retrain policies"

    def __str__(self) -> str:
        return f"retraining policy of {self.deployment}"

    @property
    def pace(self) -> Pace:
        """What the rules need of it."""
        return Pace(
            every_hours=self.every_hours,
            every_labels=self.every_labels,
            accuracy_floor=self.accuracy_floor,
            accuracy_least=self.accuracy_least,
            cooldown=timedelta(seconds=self.cooldown_s),
            on_drift=self.on_drift,
        )


class RetrainTrigger(models.Model):
    """Something called for retraining: why, when, and what became of it."""

    Kind = Kind
    State = State

    deployment = models.ForeignKey("deployments.Deployment", on_delete=models.CASCADE, related_name="retrain_triggers")
    kind = models.CharField(max_length=8, choices=[(each.value, each.value) for each in Kind])
    why = models.TextField()
    #: The event that it was heard by, so that the same one fires once.
    event_id = models.UUIDField(null=True, blank=True, unique=True)
    #: Of a trigger by drift: the groups, and only predictions from that moment on count as new.
    groups = ArrayField(models.CharField(max_length=63), default=list, blank=True)
    met_since = models.DateTimeField(null=True, blank=True)
    #: In whose name it runs: who set the policy, or who asked by hand.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    fired_at = models.DateTimeField(default=now)

    state = models.CharField(max_length=12, choices=[(each.value, each.value.replace("_", " ")) for each in State])
    #: What became of it in words, with a code for programs where something stood against it.
    code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    #: Of a deduplicated one, that which was open.
    joined = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    #: A pending one's looks for samples: who looks has it until then; when the last one was, and how many it found.
    looking_until = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    samples_found = models.PositiveIntegerField(default=0)

    #: What was met up to that moment was learned from.
    learned_until = models.DateTimeField(null=True, blank=True)
    job = models.ForeignKey(
        "training.TrainingJob", null=True, blank=True, on_delete=models.PROTECT, related_name="triggers"
    )
    evaluation = models.ForeignKey(
        "training.Evaluation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    #: How its candidate is to be let in, as the policy said when it began; and the revision that was asked for.
    rollout = models.JSONField(default=dict, blank=True)
    revision = models.ForeignKey(
        "deployments.Revision", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["deployment"], condition=Q(state__in=OPEN), name="retrain_open_once"),
            models.CheckConstraint(
                condition=~Q(state=State.TRAINING) | Q(job__isnull=False), name="retrain_training_has_job"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, ended_at=None) | ~Q(state__in=OPEN) & Q(ended_at__isnull=False),
                name="retrain_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["deployment", "-id"], name="retrain_of_deployment"),
            models.Index(fields=["id"], name="retrain_pending", condition=Q(state=State.PENDING)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} trigger {self.pk} of {self.deployment}"
