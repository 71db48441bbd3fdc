"""Training jobs with what they report, evaluations, and the policies of their gates; retraining stands in a file of its
own.

Times that are compared to judge a lease come from the database's clock (`Now()`), because nodes' clocks differ.
"""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.core.ids import new_id
from apps.registry.models import Frozen
from apps.training.retraining import RetrainPolicy, RetrainTrigger
from apps.training.rules.machine import State
from apps.training.rules.recipes import EVALUATION

__all__ = ["Evaluation", "GatePolicy", "LossPoint", "RetrainPolicy", "RetrainTrigger", "TrainingJob"]


class TrainingJob(models.Model):
    """A dataset version, a recipe and a parent version; and what becomes of them (rules/machine.py).

    Or an evaluation alone: then the parent is the candidate, the dataset what it is measured on, and nothing learns.
    """

    State = State

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    parent = models.ForeignKey("registry.ModelVersion", on_delete=models.PROTECT, related_name="+")
    dataset = models.ForeignKey("datasets.DatasetVersion", on_delete=models.PROTECT, related_name="+")
    recipe = models.CharField(max_length=40)
    #: Every one of the recipe's, spelt out.
    parameters = models.JSONField()
    seed = models.PositiveBigIntegerField(default=0)
    device = models.CharField(max_length=10, default="auto")
    #: What it is measured on beside `champion`; without it there is no evaluation.
    measured_on = models.ForeignKey(
        "datasets.DatasetVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    champion = models.ForeignKey(
        "registry.ModelVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    limit_seconds = models.PositiveIntegerField()
    limit_memory_bytes = models.PositiveBigIntegerField()
    limit_disk_bytes = models.PositiveBigIntegerField()
    #: SHA-256 over all of the above: of equal jobs only one is open at a time.
    fingerprint = models.CharField(max_length=64)

    state = models.CharField(max_length=10, choices=[(each.value, each.value) for each in State], default=State.WAITING)
    #: Why it waits or ended, with a code for programs: `time_limit`, `diverged`, ...
    code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    fruitless = models.PositiveIntegerField(default=0)
    #: Steps of its newest checkpoint, and of that which the present attempt began with.
    kept_step = models.PositiveIntegerField(default=0)
    claim_step = models.PositiveIntegerField(default=0)
    cancelling = models.BooleanField(default=False)

    #: Who works on it: a new token for each attempt, valid until then unless its holder is heard of.
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    #: The node that has it, or had it last; and that which was asked last.
    node = models.CharField(max_length=63, blank=True)
    offered_to = models.CharField(max_length=63, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)

    phase = models.CharField(max_length=20, blank=True)
    step = models.PositiveIntegerField(default=0)
    loss = models.FloatField(null=True, blank=True)
    device_used = models.CharField(max_length=60, blank=True)
    #: Of all attempts together, and the most that a process of it was seen to take.
    seconds = models.FloatField(default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    log_tail = models.TextField(blank=True)

    result = models.ForeignKey(
        "registry.ModelVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    #: What it was measured to be: of an equal one before, the same row.
    evaluation = models.ForeignKey("Evaluation", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: SHA-256 of the code that trained or measured.
    code_digest = models.CharField(max_length=64, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        permissions = [("run_trainingjob", "Can start and cancel training jobs")]
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=Q(state__in=[State.WAITING, State.LEASED, State.RUNNING]),
                name="job_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[State.LEASED, State.RUNNING], lease__isnull=False, lease_until__isnull=False)
                | ~Q(state__in=[State.LEASED, State.RUNNING]) & Q(lease=None, lease_until=None),
                name="job_held_by_lease",
            ),
            models.CheckConstraint(condition=Q(result=None) | Q(state=State.DONE), name="job_result_when_done"),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                name="job_open",
                condition=Q(state__in=[State.WAITING, State.LEASED, State.RUNNING]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.recipe} of {self.parent} on {self.dataset}"

    @property
    def learns(self) -> bool:
        """Whether it makes a new version."""
        return self.recipe != EVALUATION

    @property
    def directory(self) -> Path:
        """Where its node keeps its data, checkpoints and result."""
        return Path(settings.QUARTET_HOME) / "training" / str(self.pk)


class LossPoint(models.Model):
    """The loss at a step. A resumed job comes by the same steps again and says the same."""

    job = models.ForeignKey(TrainingJob, on_delete=models.CASCADE, related_name="points")
    step = models.PositiveIntegerField()
    loss = models.FloatField()

    class Meta:
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["job", "step"], name="loss_point_once")]

    def __str__(self) -> str:
        return f"{self.loss:g} at step {self.step}"


class GatePolicy(models.Model):
    """What a candidate of one model must show: clauses as rules/evaluation.py reads them."""

    model = models.OneToOneField("registry.RegisteredModel", on_delete=models.PROTECT, related_name="+")
    clauses = models.JSONField()

    class Meta:
        verbose_name_plural = "gate policies"

    def __str__(self) -> str:
        return str(self.model)


class Evaluation(Frozen):
    """Candidate and champion on the same samples, and what the gates said. Written once; a trigger keeps it so."""

    candidate = models.ForeignKey("registry.ModelVersion", on_delete=models.PROTECT, related_name="+")
    champion = models.ForeignKey("registry.ModelVersion", on_delete=models.PROTECT, related_name="+")
    dataset = models.ForeignKey("datasets.DatasetVersion", on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(TrainingJob, null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations")
    #: The digests of all three as they were, and that of every answer that was compared.
    candidate_digest = models.CharField(max_length=64)
    champion_digest = models.CharField(max_length=64)
    dataset_digest = models.CharField(max_length=64)
    answers_digest = models.CharField(max_length=64)
    clauses = models.JSONField()
    #: A row a slice, and a verdict a clause and slice.
    figures = models.JSONField()
    verdicts = models.JSONField()
    passed = models.BooleanField()
    #: SHA-256 over all of the above: what an approval can be bound to.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(candidate=F("champion")), name="evaluation_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} beside {self.champion} on {self.dataset}"

    @property
    def refusal(self) -> str:
        """What the gates that refused the candidate said, with their numbers; empty where it passed."""
        return " ".join(each["reason"] for each in self.verdicts if not each["passed"])
