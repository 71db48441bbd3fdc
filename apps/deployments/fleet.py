"""Where replicas run: nodes, replicas, and how long the reconciler has been watching them.

Times that are compared to judge life come from the database's clock (`Now()`), because nodes' clocks differ.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.clock import now
from apps.core.ids import new_id


class Node(models.Model):
    """A machine that runs an accelerator worker."""

    class State(models.TextChoices):
        UP = "up"
        AWAY = "away"

    name = models.CharField(max_length=63, unique=True)
    #: Of the worker's present life; time-ordered, so a later life is a greater one.
    incarnation = models.UUIDField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.UP)
    #: `cpu`, and `cuda` where it has such devices.
    device_classes = models.JSONField(default=list)
    #: [{"name": "cuda:0", "class": "cuda", "model", "memory_total", "memory_free"}], memory in bytes.
    devices = models.JSONField(default=list)
    cores = models.PositiveIntegerField()
    #: Replicas that it can host at once.
    slots = models.PositiveIntegerField()
    memory_total = models.PositiveBigIntegerField()
    memory_free = models.PositiveBigIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    last_seen = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Replica(models.Model):
    """One process that serves one stage of one revision.

    pending -> starting -> warming -> ready -> draining -> stopped; failed when its process ended by itself;
    lost when nobody has heard of it.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        STARTING = "starting"
        WARMING = "warming"
        READY = "ready"
        DRAINING = "draining"
        STOPPED = "stopped"
        FAILED = "failed"
        LOST = "lost"

    #: It holds its slot: no other replica takes its place.
    HOLDING_STATES = (State.PENDING, State.STARTING, State.WARMING, State.READY)
    #: A process of it may be running.
    ACTIVE_STATES = (*HOLDING_STATES, State.DRAINING)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stage = models.ForeignKey("Stage", on_delete=models.PROTECT, related_name="served_by")
    #: Its place among the stage's replicas, from 0.
    slot = models.PositiveSmallIntegerField()
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="replicas")
    #: `cpu` or the name of one of the node's devices.
    device = models.CharField(max_length=20)
    #: What was set aside for it when it was placed.
    reserved_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    #: Why it ended, with a code for programs: `artifact_corrupt`, `killed`, ...
    code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    #: The life of the node's worker that claimed it.
    incarnation = models.UUIDField(null=True, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    memory_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    placed_at = models.DateTimeField(default=now)
    dispatched_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            # What the placing lock promises, the database keeps: a slot is never filled twice.
            models.UniqueConstraint(
                fields=["stage", "slot"],
                condition=Q(state__in=["pending", "starting", "warming", "ready"]),
                name="replica_slot_held_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["stage"],
                condition=Q(state__in=["pending", "starting", "warming", "ready", "draining"]),
                name="replica_active",
            ),
            models.Index(fields=["stage", "-ended_at"], condition=Q(ended_at__isnull=False), name="replica_ended"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ReconcilerWatch(models.Model):
    """One row: since when reconciler passes have followed each other without a gap.

    While nobody looked, silence proves nothing: only heartbeats missed during the watch count.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    since = models.DateTimeField(db_default=Now())
    last_pass_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="reconciler_watch_one_row")]
        verbose_name_plural = "reconciler watch"

    def __str__(self) -> str:
        return f"watching since {self.since:%Y-%m-%d %H:%M:%S}"
