"""Who works on a job: a lease in this database, taken by compare-and-set and kept by heartbeats.

A holder whose lease ran out finds that its token is not the job's any more, and ends its child.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.core import audit, outbox
from apps.core.ids import new_id
from apps.deployments.models import Node
from apps.training.events import JobOffered
from apps.training.models import LossPoint, TrainingJob
from apps.training.rules import machine
from apps.training.rules.machine import HELD, State
from apps.training.rules.placement import Place, choose
from apps.training.selectors import job_spec
from apps.training.services import standing

#: A holder that was not heard of for so long has lost the job.
LEASE_SECONDS = 20
_LEASE = timedelta(seconds=LEASE_SECONDS)
#: A node that was asked has so long to claim the job, before the next one is asked.
_OFFER = timedelta(seconds=10)
#: What of a log and of a loss curve is kept in the database.
LOG_MOST, _POINTS_MOST = 8000, 5000

#: Orders that answer a heartbeat.
GO_ON, CANCEL, LOST = "go_on", "cancel", "lost"


@dataclass(frozen=True, slots=True)
class Report:
    """What a host tells with a heartbeat."""

    phase: str = ""
    step: int = 0
    loss: float | None = None
    began_step: int | None = None  # of the checkpoint that this attempt began from; None until it knows
    kept_step: int = 0
    device: str = ""
    seconds: float = 0.0  # since the heartbeat before
    memory_bytes: int = 0
    log_tail: str = ""
    points: Sequence[tuple[int, float]] = field(default=())


def jobs_offer() -> int:
    """Ask a node for each job that waits; returns how many were asked. Why one has to wait is written into it."""
    waiting = TrainingJob.objects.filter(state=State.WAITING).filter(
        Q(offered_at=None) | Q(offered_at__lt=Now() - _OFFER)
    )
    if not waiting.exists():  # as in most seconds
        return 0
    with transaction.atomic():
        jobs = list(waiting.order_by("requested_at", "pk").select_for_update(skip_locked=True)[:50])
        places = _places()
        return sum([_offer(job, places) for job in jobs])


def _offer(job: TrainingJob, places: list[Place]) -> bool:
    node, why = choose(
        job.device,
        job.limit_memory_bytes,
        places,
        ran_on=job.node,
        asked=job.offered_to,
        slots=settings.QUARTET_TRAINING_SLOTS,
    )
    if not node:
        if why != job.reason:
            TrainingJob.objects.filter(pk=job.pk).update(code="no_node", reason=why)
        return False
    TrainingJob.objects.filter(pk=job.pk).update(offered_to=node, offered_at=Now())
    outbox.emit(JobOffered(job_id=str(job.pk), node=node))
    places[:] = [replace(each, running=each.running + (each.name == node)) for each in places]
    return True


def _places() -> list[Place]:
    """Nodes that are up; what is promised to a node counts as running there."""
    held = TrainingJob.objects.filter(state__in=HELD).values_list("node", flat=True)
    asked = TrainingJob.objects.filter(state=State.WAITING, offered_at__gte=Now() - _OFFER)
    busy = [*held, *asked.values_list("offered_to", flat=True)]
    up = Node.objects.filter(state=Node.State.UP)
    return [Place(each.name, each.device_classes, each.memory_free, busy.count(each.name)) for each in up]


def job_claim(*, job_id: UUID, node: str) -> dict[str, Any] | None:
    """Take a waiting job; what its child is told, with the `lease`, or None where it is taken or waits no longer."""
    lease = new_id()
    with transaction.atomic():
        row = TrainingJob.objects.filter(pk=job_id, state=State.WAITING).first()
        if row is None:
            return None
        fields = {"lease": lease, "lease_until": Now() + _LEASE, "node": node, "code": "", "reason": ""}
        if not standing.write(row, machine.claim(standing.of(row)), **fields, log_tail="", phase="data"):
            return None
        TrainingJob.objects.filter(pk=job_id, started_at=None).update(started_at=Now())
    return job_spec(job_id) | {"lease": str(lease)}


def job_start(*, job_id: UUID, lease: UUID) -> bool:
    """Its child process is there; whether the lease still holds."""
    with transaction.atomic():
        row = _held(job_id, lease)
        if row is None or row.state == State.RUNNING:
            return row is not None
        return standing.write(row, machine.start(standing.of(row)), phase="start")


def job_beat(*, job_id: UUID, lease: UUID, report: Report) -> str:
    """Say that its host is there and how far it is; the answer is an order: go on, cancel, or the lease is lost."""
    with transaction.atomic():
        row = _held(job_id, lease)
        if row is None:
            return LOST
        after = machine.keep(standing.of(row), report.began_step, report.kept_step)
        standing.write(row, after, lease_until=Now() + _LEASE, **_told(row, report))
        points = [LossPoint(job=row, step=step, loss=loss) for step, loss in report.points[:_POINTS_MOST]]
        if points:
            LossPoint.objects.bulk_create(points, ignore_conflicts=True)
    return CANCEL if after.cancelling else GO_ON


def _told(row: TrainingJob, report: Report) -> dict[str, Any]:
    told: dict[str, Any] = {
        "seconds": row.seconds + report.seconds,
        "memory_bytes": max(row.memory_bytes, report.memory_bytes),
    }
    if report.phase:
        told["phase"] = report.phase
    if report.loss is not None:
        told |= {"step": report.step, "loss": report.loss}
    if report.device:
        told["device_used"] = report.device[:60]
    if report.log_tail:
        told["log_tail"] = report.log_tail.replace("\0", "")[-LOG_MOST:]
    return told


def job_let_go(*, job_id: UUID, lease: UUID, code: str, reason: str, blameless: bool = False) -> None:
    """Its child ended, or its worker stops, before it was done: it waits for the next attempt, or has had enough."""
    with transaction.atomic():
        row = _held(job_id, lease)
        if row is not None:
            _let_go(row, code, reason, blameless)


def leases_expire() -> int:
    """Let go the jobs whose holder was not heard of any more; returns how many."""
    overdue = TrainingJob.objects.filter(state__in=HELD, lease_until__lt=Now())
    if not overdue.exists():
        return 0
    with transaction.atomic():
        rows = list(overdue.order_by("pk").select_for_update(skip_locked=True))
        for row in rows:
            _let_go(row, "lease_expired", f"Nothing was heard of it from the node '{row.node}'.", False)
    return len(rows)


def _let_go(row: TrainingJob, code: str, reason: str, blameless: bool) -> None:
    after = machine.let_go(standing.of(row), blameless=blameless)
    if after.state == State.FAILED:
        code, reason = (
            "attempts_spent",
            f"{after.fruitless} attempts in a row brought it no further. The last: {reason}",
        )
    if not standing.write(row, after, code=code, reason=reason):
        return
    about = {"job": str(row.pk), "reason": reason, "node": row.node}
    if after.state == State.FAILED:
        audit.record(actor=None, action="training.failed", target=f"model:{row.parent.model.name}", **about)
    elif after.state == State.WAITING and not blameless:
        audit.record(actor=None, action="training.interrupted", target=f"model:{row.parent.model.name}", **about)


def _held(job_id: UUID, lease: UUID) -> TrainingJob | None:
    """The job, locked, if this lease is still the job's."""
    rows = TrainingJob.objects.select_for_update(of=("self",), no_key=True).select_related("parent__model")
    return rows.filter(pk=job_id, lease=lease, state__in=HELD).first()
