"""Reference profiles, policies, and the runs that hold a window of predictions against a profile.

A run's result is data: what it says can be read without the predictions that it looked at, which go before it does.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.drift.reports import DriftReport
from apps.drift.rules.policy import DEFAULTS
from apps.drift.rules.states import State

__all__ = ["DriftGroup", "DriftPolicy", "DriftReport", "DriftResult", "DriftRun", "ReferenceProfile"]

_STATES = [(state.value, state.value.replace("_", " ")) for state in State]


class ReferenceProfile(models.Model):
    """What a version's inputs and answers should look like. Never changed; the newest of a version counts."""

    class Source(models.TextChoices):
        ARTIFACT = "artifact", "the version's reference.json"
        UPLOAD = "upload", "an upload"
        PREDICTIONS = "predictions", "its predictions"

    version = models.ForeignKey("registry.ModelVersion", on_delete=models.PROTECT, related_name="reference_profiles")
    source = models.CharField(max_length=12, choices=Source.choices)
    #: JSON of rules/profile.py; empty where `problem` says why it cannot be used. Large: lists defer it.
    content = models.TextField(blank=True)
    problem = models.TextField(blank=True)
    #: SHA-256 of the bytes that it was read from.
    digest = models.CharField(max_length=64)
    #: rules/profile.py's SCHEMA, 0 where there is no content.
    schema = models.PositiveIntegerField(default=0)
    samples = models.PositiveIntegerField(default=0)
    #: Names of its signals.
    signals = models.JSONField(default=list)
    #: What it was built from, where it was built of predictions: {"deployment", "revision", "after", "before"}.
    built_from = models.JSONField(default=dict)
    #: None where the version itself brought it.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(problem="") & ~Q(content="") | ~Q(problem="") & Q(content=""),
                name="reference_profile_content_or_problem",
            )
        ]

    def __str__(self) -> str:
        return f"reference {self.pk} of {self.version}"


class DriftPolicy(models.Model):
    """When a deployment is looked at, and how strictly. Without a row rules/policy.py's defaults hold."""

    deployment = models.OneToOneField("deployments.Deployment", on_delete=models.CASCADE, related_name="drift_policy")
    #: A run every so many minutes, and one after so many predictions since the last; None for neither.
    every_minutes = models.PositiveIntegerField(null=True, blank=True, default=DEFAULTS["every_minutes"])
    every_predictions = models.PositiveIntegerField(null=True, blank=True)
    #: The newest so many predictions whose inputs were kept by the rate, and at most so far back.
    window = models.PositiveIntegerField(default=DEFAULTS["window"])
    window_hours = models.PositiveIntegerField(default=DEFAULTS["window_hours"])
    #: The chance of a false alarm in a run.
    level = models.FloatField(default=DEFAULTS["level"])
    #: While one modality is drifted, answer from the others.
    answer_without_drifted = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "drift policies"
        constraints = [
            models.CheckConstraint(condition=Q(level__gt=0, level__lte=0.2), name="drift_policy_level"),
            models.CheckConstraint(condition=Q(window__gte=50, window_hours__gte=1), name="drift_policy_window"),
        ]

    def __str__(self) -> str:
        return f"drift policy of {self.deployment}"


class DriftRun(models.Model):
    """One look at a window: waiting -> running -> done or failed; back to running when its worker was killed.

    A worker holds it by a lease: `lease` is drawn anew with every claim, and who no longer holds it writes nothing.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule"
        COUNT = "count"
        DEMAND = "demand"

    OPEN_STATES = (State.WAITING, State.RUNNING)

    deployment = models.ForeignKey("deployments.Deployment", on_delete=models.CASCADE, related_name="drift_runs")
    #: The revision's number.
    revision = models.PositiveIntegerField()
    profile = models.ForeignKey(ReferenceProfile, on_delete=models.PROTECT, related_name="runs")
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    #: Of a run that is done.
    verdict = models.CharField(max_length=15, choices=_STATES, blank=True)
    #: The window, by the predictions' time; from `after` on and earlier than `before`. `after` may be unknown before it
    #: is done.
    after = models.DateTimeField(null=True, blank=True)
    before = models.DateTimeField()
    #: What it was asked for: see DriftPolicy.
    window = models.PositiveIntegerField()
    window_hours = models.PositiveIntegerField()
    level = models.FloatField()
    #: Predictions within the window, those of them that were looked at, and whose kept inputs were looked at.
    predictions = models.PositiveBigIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    #: Why it failed, or what is to be known of its result.
    problem = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"], condition=Q(state__in=["waiting", "running"]), name="drift_run_open_once"
            ),
            models.CheckConstraint(
                condition=Q(state="done") & ~Q(verdict="") | ~Q(state="done") & Q(verdict=""),
                name="drift_run_verdict_when_done",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease__isnull=False, leased_until__isnull=False),
                name="drift_run_leased",
            ),
            models.CheckConstraint(condition=Q(after=None) | Q(after__lte=F("before")), name="drift_run_window"),
        ]
        indexes = [
            models.Index(fields=["deployment", "revision", "-id"], name="drift_run_of_revision"),
            models.Index(fields=["finished_at"], name="drift_run_finished"),
        ]

    def __str__(self) -> str:
        return f"drift run {self.pk} of {self.deployment}/{self.revision}"


class DriftGroup(models.Model):
    """What a run says of one modality, or of the model's `prediction`, `confidence` or `agreement`."""

    run = models.ForeignKey(DriftRun, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=63)
    state = models.CharField(max_length=15, choices=_STATES)
    reason = models.TextField(blank=True)
    #: The samples furthest outside the reference, furthest first; empty unless it drifted: {"prediction": UUID as text,
    #: "sample": its place in the request, "score", "signals": {name: share of the reference at least as far out},
    #: "assets": {input: SHA-256 of its asset}}. Predictions and assets may be gone by now.
    driving = models.JSONField(default=list)

    class Meta:
        ordering = ["run", "name"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="drift_group_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.run}"


class DriftResult(models.Model):
    """What a run says of one signal: rules/verdict.py's SignalVerdict, with both distributions."""

    run = models.ForeignKey(DriftRun, on_delete=models.CASCADE, related_name="results")
    group = models.CharField(max_length=63)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=15, choices=_STATES)
    reason = models.TextField(blank=True)
    #: None where nothing was tested, as are all numbers up to `psi`; `corrected` is p after the correction.
    test = models.CharField(max_length=40, blank=True)
    statistic = models.FloatField(null=True, blank=True)
    p = models.FloatField(null=True, blank=True)
    corrected = models.FloatField(null=True, blank=True)
    effect = models.FloatField(null=True, blank=True)
    psi = models.FloatField(null=True, blank=True)
    #: What the effect is counted in.
    unit = models.CharField(max_length=40, blank=True)
    #: How many values each had, and how many of the window's could not be used.
    window = models.PositiveIntegerField()
    reference = models.PositiveIntegerField()
    wrong = models.PositiveIntegerField(default=0)
    #: rules/distribution.py: {"kind", "edges" (k + 1) or "categories" (k), "reference" and "window" (k shares each)};
    #: empty where there is nothing to show.
    distribution = models.JSONField(default=dict)

    class Meta:
        ordering = ["run", "name"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="drift_result_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.run}"
