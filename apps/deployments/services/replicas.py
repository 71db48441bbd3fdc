"""What a replica's host says of it. Each word is a compare-and-set on the state that it may follow.

Failures and losses go to the audit trail; a replica's ordinary steps are told by the times in its row.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from apps.core import audit, outbox
from apps.deployments import selectors
from apps.deployments.events import RoutingChanged
from apps.deployments.models import Node, Replica
from apps.registry.services import version_mark_corrupt, version_memory_measured

State = Replica.State

#: How long an ended replica is kept to look back at.
_KEEP = timedelta(days=7)
#: The code of a child that refused its files.
CORRUPT = "artifact_corrupt"


def replica_claim(*, replica_id: UUID, incarnation: UUID) -> dict[str, Any] | None:
    """Take a pending replica for this life of the node's worker; its child's specification, or None if it is taken.

    A worker whose node has begun a later life gets nothing: the later one is the node.
    """
    if Node.objects.filter(replicas=replica_id, incarnation__gt=incarnation).exists():
        return None
    pending = Replica.objects.filter(pk=replica_id, state=State.PENDING)
    if not pending.update(state=State.STARTING, incarnation=incarnation, started_at=Now(), heartbeat_at=Now()):
        return None
    return selectors.replica_spec(replica_id)


def replica_beat(*, replica_id: UUID) -> str:
    """Say that the replica's host is there; returns the state that the database holds, an order if it is `draining`."""
    replica = Replica.objects.filter(pk=replica_id)
    replica.filter(state__in=Replica.ACTIVE_STATES).update(heartbeat_at=Now())
    return replica.values_list("state", flat=True).get()


def replica_warming(*, replica_id: UUID, pid: int) -> None:
    """The child lives and loads its model."""
    starting = Replica.objects.filter(pk=replica_id, state=State.STARTING)
    starting.update(state=State.WARMING, pid=pid, heartbeat_at=Now())


def replica_ready(*, replica_id: UUID, memory_bytes: int) -> None:
    """The child has answered its warm-up requests and takes traffic. `memory_bytes` is what it takes now."""
    with transaction.atomic():
        fields = {"state": State.READY, "ready_at": Now(), "heartbeat_at": Now(), "memory_bytes": memory_bytes}
        replica = _moved(replica_id, (State.STARTING, State.WARMING), **fields)
        if replica is None:
            return
        version_memory_measured(version_id=replica.stage.version_id, memory_bytes=memory_bytes)
        _tell_routing(replica)


def replica_draining(*, replica_id: UUID) -> None:
    """Its host stops it, because the worker itself is stopping; another may take its slot."""
    with transaction.atomic():
        replica = _moved(replica_id, Replica.HOLDING_STATES, state=State.DRAINING)
        if replica is not None:
            _tell_routing(replica)


def replica_stopped(*, replica_id: UUID) -> None:
    """Its child has ended, as it was told to."""
    with transaction.atomic():
        replica = _moved(replica_id, Replica.ACTIVE_STATES, state=State.STOPPED, ended_at=Now())
        if replica is not None:
            _tell_routing(replica)


def replica_failed(*, replica_id: UUID, code: str, reason: str, path: str = "") -> None:
    """Its child has ended by itself. With the code `artifact_corrupt`, `path` is the file that is not what it was."""
    with transaction.atomic():
        replica = _moved(
            replica_id, Replica.ACTIVE_STATES, state=State.FAILED, code=code, reason=reason, ended_at=Now()
        )
        if replica is None:
            return
        _tell_routing(replica)
        if code == CORRUPT:
            version_id = replica.stage.version_id
            version_mark_corrupt(version_id=version_id, path=path, reason=reason, reported_by=f"replica {replica_id}")
        _record_end(replica, "replica.failed", code=code, reason=reason)


def replicas_lost(reasons: dict[UUID, str]) -> list[Replica]:
    """Mark active replicas lost, within the caller's transaction; the ones that were still active.

    The caller tells of them with `replicas_lost_tell` after its last change of rows: audit entries come last.
    """
    moved = (
        _moved(replica_id, Replica.ACTIVE_STATES, state=State.LOST, reason=reason, ended_at=Now())
        for replica_id, reason in sorted(reasons.items())
    )
    return [replica for replica in moved if replica is not None]


def replicas_lost_tell(replicas: list[Replica]) -> None:
    """Write down what `replicas_lost` marked."""
    for replica in replicas:
        _tell_routing(replica)
        _record_end(replica, "replica.lost")


def replicas_expire() -> int:
    """Delete what is known of replicas that ended long ago; returns how many."""
    ended = Replica.objects.filter(ended_at__lt=Now() - _KEEP)
    return ended.delete()[0]


def _moved(replica_id: UUID, expected: tuple[State, ...], **fields: Any) -> Replica | None:
    """The replica as it was, after writing `fields`; None where its state is none of `expected`."""
    rows = Replica.objects.select_related("stage__revision__deployment", "node").select_for_update(
        of=("self",), no_key=True
    )
    replica = rows.filter(pk=replica_id, state__in=expected).first()
    if replica is not None:
        Replica.objects.filter(pk=replica_id).update(**fields)
    return replica


def _tell_routing(replica: Replica) -> None:
    """Let routing be worked out anew; what gateways see of it is compared there."""
    deployment = replica.stage.revision.deployment
    if deployment.live_revision_id:
        outbox.emit(RoutingChanged(deployment_id=deployment.pk))


def _record_end(replica: Replica, action: str, **detail: Any) -> None:
    revision = replica.stage.revision
    about = {"replica": str(replica.pk), "revision": revision.number, "node": replica.node.name}
    audit.record(actor=None, action=action, target=f"deployment:{revision.deployment.name}", **about, **detail)
