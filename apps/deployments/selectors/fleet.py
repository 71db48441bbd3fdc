"""What runs where, what should, and what a replica's child needs to know."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from apps.deployments.models import Node, ReconcilerWatch, Replica, Revision, Rollout, Stage
from apps.deployments.rules.placement import CPU, device_class, memory_need
from apps.deployments.rules.plan import Failure, NodeSeen, Picture, Seen, Wanted
from apps.deployments.rules.streams import stage_stream
from apps.registry.models import ModelVersion
from apps.registry.selectors import version_files

#: Failures longer ago than this no longer slow a replica's next start down.
_RECENT = timedelta(minutes=5)


def picture() -> Picture:
    """What rules/plan.py decides on. Ages are by the database's clock, which also wrote the times."""
    moment = _database_now()
    watch = ReconcilerWatch.objects.get(pk=1)
    active = Replica.objects.filter(state__in=Replica.ACTIVE_STATES).order_by("pk")
    # A model that takes its worker down with it leaves replicas that are lost, not failed.
    ended = Replica.objects.filter(state__in=[Replica.State.FAILED, Replica.State.LOST], ended_at__gt=moment - _RECENT)
    return Picture(
        wanted=[_wanted(stage) for stage in _stages_wanted()],
        replicas=[_seen(replica, moment) for replica in active],
        nodes=[_node(node, moment) for node in Node.objects.order_by("pk")],
        failures=[_failure(replica, moment) for replica in ended],
        watched=_age(watch.since, moment),
    )


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def _age(time: datetime | None, moment: datetime) -> float:
    return (moment - time).total_seconds() if time else 0.0


def _stages_wanted() -> QuerySet[Stage]:
    """Stages whose replicas should run: of starting and live revisions, and of an old one that still gets traffic."""
    shifting = Rollout.objects.filter(state=Rollout.State.SHIFTING)
    running = Q(state__in=[Revision.State.STARTING, Revision.State.LIVE])
    revisions = Revision.objects.filter(running | Q(pk__in=shifting.values("from_revision")))
    return Stage.objects.filter(revision__in=revisions).select_related("revision__version__model").order_by("pk")


def _wanted(stage: Stage) -> Wanted:
    version = stage.revision.version
    corrupt = version.state == ModelVersion.State.CORRUPT
    return Wanted(
        stage=stage.pk,
        slots=stage.replicas,
        device=device_class(stage.device, stage.steps, version.manifest["stages"]),
        need=memory_need(version.memory_bytes, version.size_bytes),
        refusal=f"Version {version} is corrupt: {version.state_reason}" if corrupt else "",
    )


def _seen(replica: Replica, moment: datetime) -> Seen:
    return Seen(
        id=replica.pk,
        stage=replica.stage_id,
        slot=replica.slot,
        node=replica.node_id,
        state=replica.state,
        silence=_age(replica.heartbeat_at or replica.dispatched_at, moment),
        age=_age(replica.placed_at, moment),
        reserved=replica.reserved_bytes,
        device=replica.device,
    )


def _node(node: Node, moment: datetime) -> NodeSeen:
    return NodeSeen(
        id=node.pk,
        name=node.name,
        away=node.state == Node.State.AWAY,
        silence=_age(node.last_seen, moment),
        memory_free=node.memory_free,
        slots=node.slots,
        devices={device["name"]: device["memory_free"] for device in node.devices if device["class"] != CPU},
    )


def _failure(replica: Replica, moment: datetime) -> Failure:
    ago = _age(replica.ended_at, moment)
    served = _age(replica.ready_at, moment) - ago if replica.ready_at else 0.0
    return Failure(replica.stage_id, replica.slot, ago, replica.reason, served)


def blocked_by_revision(blocked: dict[int, str]) -> dict[int, str]:
    """Reasons by revision id, from reasons by stage id."""
    by_revision: dict[int, list[str]] = {}
    for stage in Stage.objects.filter(pk__in=blocked).order_by("revision_id", "position"):
        reasons = by_revision.setdefault(stage.revision_id, [])
        if blocked[stage.pk] not in reasons:
            reasons.append(blocked[stage.pk])
    return {revision_id: " ".join(reasons) for revision_id, reasons in by_revision.items()}


def replica_spec(replica_id: UUID) -> dict[str, Any]:
    """What a replica's child process needs to know, but for the address of Valkey."""
    related = ("stage__revision__deployment", "stage__revision__version", "node")
    replica = Replica.objects.select_related(*related).get(pk=replica_id)
    stage, revision = replica.stage, replica.stage.revision
    deployment, version = revision.deployment, revision.version
    return {
        "replica": str(replica.pk),
        "deployment": deployment.name,
        "revision": revision.number,
        "stage": stage.name,
        "steps": stage.steps,
        "directory": str(version.directory),
        "files": version_files(version),
        "manifest": version.manifest,
        "stream": stage_stream(deployment.name, revision.number, stage.name),
        "batch_max": stage.batch_max,
        "timeout_ms": revision.spec["timeout_ms"],
        "device": replica.device,
        "threads": _threads(replica.node),
    }


def _threads(node: Node) -> int:
    """Model threads of one replica: the node's cores shared out, one of them left for everything else."""
    hosted = Replica.objects.filter(node=node, state__in=Replica.ACTIVE_STATES).count()
    return max(1, (node.cores - 1) // max(1, hosted))
