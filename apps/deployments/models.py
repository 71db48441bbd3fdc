"""Deployments and their immutable revisions; rollouts from one to the next. Replicas and nodes stand in fleet.py,
muted inputs in muted.py."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.deployments.fleet import Node, ReconcilerWatch, Replica
from apps.deployments.muted import MutedInput
from apps.deployments.rules.spec import BATCH_BYTES

__all__ = [
    "Deployment",
    "MutedInput",
    "Node",
    "ReconcilerWatch",
    "Replica",
    "Revision",
    "Rollout",
    "Stage",
    "StageScale",
]


class Deployment(models.Model):
    """A stable address that answers with whichever revision is live."""

    name = models.SlugField(max_length=63, unique=True)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    live_revision = models.ForeignKey("Revision", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: Taken under a row lock, so that two requests at once get two numbers.
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        permissions = [("operate_deployment", "Can create deployments and request revisions")]

    def __str__(self) -> str:
        return self.name


class Revision(models.Model):
    """What a deployment should be: a version, its stages and limits. A trigger keeps all but the state from changing.

    requested -> approved -> starting -> live -> retiring -> retired, or on the way: rejected, failed, superseded.
    """

    class State(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        STARTING = "starting"
        LIVE = "live"
        RETIRING = "retiring"
        RETIRED = "retired"
        REJECTED = "rejected"
        FAILED = "failed"
        SUPERSEDED = "superseded"

    #: States in which it may still come in.
    COMING_STATES = (State.REQUESTED, State.APPROVED, State.STARTING)
    #: States that only an approval leads to.
    APPROVED_STATES = (State.APPROVED, State.STARTING, State.LIVE, State.RETIRING, State.RETIRED)
    #: States in which there is something for the reconciler to do or to watch; every open rollout has such a revision.
    UNDER_WAY_STATES = (State.APPROVED, State.STARTING, State.LIVE, State.RETIRING)

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    version = models.ForeignKey("registry.ModelVersion", on_delete=models.PROTECT, related_name="revisions")
    #: As rules/spec.py normalised it.
    spec = models.JSONField()
    #: SHA-256 over the version's digest and the spec: what an approval is bound to.
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    #: Why it ended, or what keeps it from having all its replicas.
    state_reason = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    live_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="revision_number_once"),
            models.UniqueConstraint(fields=["deployment"], condition=Q(state="live"), name="revision_live_once"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")), name="revision_four_eyes"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "starting", "live", "retiring", "retired"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="revision_approved_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment.name}/{self.number}"

    @property
    def rollout(self) -> "Rollout | None":
        """The last that led here."""
        return self.rollouts.order_by("-pk").first()


class Stage(models.Model):
    """One group of a revision's pipeline steps that is served by replicas of its own, or by another stage's.

    A trigger keeps all but `carrier` from changing, and that is set once, when the rollout begins.
    """

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.SlugField(max_length=30)
    #: Names of the manifest's stages, in the order in which a request meets them.
    steps = models.JSONField()
    #: Whose files it runs: the revision's version, or another of the same model.
    version = models.ForeignKey("registry.ModelVersion", on_delete=models.PROTECT, related_name="stages")
    device = models.CharField(max_length=10)
    min_replicas = models.PositiveSmallIntegerField()
    max_replicas = models.PositiveSmallIntegerField()
    batch_max = models.PositiveSmallIntegerField()
    batch_bytes = models.PositiveIntegerField(default=BATCH_BYTES)
    #: Targets and delays of rules/scale.py.
    scale = models.JSONField(default=dict)
    #: The stage of an earlier revision whose replicas serve this one too; it has no carrier itself.
    carrier = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="carries")

    class Meta:
        ordering = ["revision", "position"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "position"], name="stage_position_once"),
            models.UniqueConstraint(fields=["revision", "name"], name="stage_name_once"),
            models.CheckConstraint(
                condition=Q(min_replicas__lte=F("max_replicas"), max_replicas__gte=1), name="stage_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision}/{self.name}"

    @property
    def carrying(self) -> int:
        """Id of the stage whose replicas serve this one: its own where nobody carries it."""
        return self.carrier_id or self.pk


class StageScale(models.Model):
    """How many replicas a carrying stage should have, why, and since when; rules/scale.py decides.

    It outlives the worker that decides, so a delay that had begun goes on.
    """

    stage = models.OneToOneField(Stage, on_delete=models.PROTECT, related_name="standing", primary_key=True)
    desired = models.PositiveSmallIntegerField()
    reason = models.TextField(blank=True)
    changed_at = models.DateTimeField(default=now)
    pressed_since = models.DateTimeField(null=True, blank=True)
    slack_since = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.stage}: {self.desired}"


class Rollout(models.Model):
    """Moving a deployment's traffic from one revision to the next; rules/advance.py decides each step.

    starting -> (rolling | canary | shadow ->) shifting -> keeping -> draining -> done; from starting: failed,
    superseded; from rolling, canary and shadow: reverting -> failed; from shifting and keeping: rolled_back, which
    another rollout, back again, takes up.
    """

    class State(models.TextChoices):
        STARTING = "starting"
        ROLLING = "rolling"
        CANARY = "canary"
        SHADOW = "shadow"
        SHIFTING = "shifting"
        KEEPING = "keeping"
        DRAINING = "draining"
        REVERTING = "reverting"
        DONE = "done"
        FAILED = "failed"
        SUPERSEDED = "superseded"
        ROLLED_BACK = "rolled_back", "rolled back"

    OPEN_STATES = (
        *(State.STARTING, State.ROLLING, State.CANARY, State.SHADOW, State.SHIFTING, State.KEEPING, State.DRAINING),
        State.REVERTING,
    )
    #: It has not taken all traffic: the old revision still answers, or nothing does.
    COMING_STATES = (State.STARTING, State.ROLLING, State.CANARY, State.SHADOW)
    #: It stands at a step of its plan.
    AT_A_STEP_STATES = (State.CANARY, State.SHADOW)
    #: The old revision can take the traffic back at once.
    KEPT_STATES = (State.SHIFTING, State.KEEPING)

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="rollouts")
    #: None for a deployment's first.
    from_revision = models.ForeignKey(Revision, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    to_revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="rollouts")
    #: It goes back to a revision that was kept, at once and without an approval of its own.
    is_rollback = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.STARTING)
    reason = models.TextField(blank=True)
    #: While traffic moves by degrees (rules/canary.py) or is mirrored (rules/shadow.py): the step of the plan, of which
    #: the shadow is the first, since when, and what was last measured.
    step = models.PositiveSmallIntegerField(default=0)
    stepped_at = models.DateTimeField(null=True, blank=True)
    comparison = models.JSONField(default=dict, blank=True)
    #: Waits for a person since then, and why.
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.TextField(blank=True)
    #: The first routing snapshot that was seen to lead to `to_revision`, once every gateway had it.
    snapshot_number = models.PositiveBigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(default=now)
    shifted_at = models.DateTimeField(null=True, blank=True)
    #: When every gateway had that snapshot.
    moved_at = models.DateTimeField(null=True, blank=True)
    kept_at = models.DateTimeField(null=True, blank=True)
    draining_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"],
                condition=Q(
                    state__in=[
                        *("starting", "rolling", "canary", "shadow", "shifting", "keeping", "draining", "reverting")
                    ]
                ),
                name="rollout_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"rollout of {self.to_revision}"
