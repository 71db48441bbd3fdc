"""What runs where, what should, and what a replica's child needs to know."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from apps.core.clock import now
from apps.deployments.models import Node, ReconcilerWatch, Replica, Revision
from apps.deployments.rules.placement import CPU, Whole, device_class, memory_need
from apps.deployments.rules.plan import Failure, NodeSeen, Picture, Seen, Wanted
from apps.deployments.rules.unload import Offer, Release
from apps.deployments.selectors.carriers import Carrier, carriers, stream_of
from apps.registry.models import ModelVersion
from apps.registry.rules.roles import with_roles
from apps.registry.rules.stages import spelt
from apps.registry.selectors import version_files

#: Failures longer ago than this no longer slow a replica's next start down.
_RECENT = timedelta(minutes=5)
#: A node's word of its free memory may be older than a replica that ended so lately.
_JUST_NOW = timedelta(seconds=5)


def is_at_rest() -> bool:
    """Whether nothing runs and nothing should: only nodes may come and go then."""
    wanted = Revision.objects.filter(state__in=Revision.UNDER_WAY_STATES)
    running = Replica.objects.filter(state__in=Replica.ACTIVE_STATES)
    return not (wanted.exists() or running.exists())


def picture(running: Mapping[int, Carrier]) -> Picture:
    """What rules/plan.py decides on, `running` being all `carriers()`. Ages are by the database's clock, which also
    wrote the times."""
    watch = ReconcilerWatch.objects.annotate(moment=Now()).get(pk=1)
    moment = watch.moment
    active = list(Replica.objects.filter(state__in=Replica.ACTIVE_STATES).order_by("pk"))
    # A model that takes its worker down with it leaves replicas that are lost, not failed.
    ended = Replica.objects.filter(state__in=[Replica.State.FAILED, Replica.State.LOST], ended_at__gt=moment - _RECENT)
    stopped = Replica.objects.filter(state=Replica.State.STOPPED, ended_at__gt=moment - _JUST_NOW)
    return Picture(
        wanted=[_wanted(carrier) for carrier in running.values()],
        replicas=[_seen(replica, moment) for replica in active],
        nodes=[_node(node, moment) for node in Node.objects.order_by("pk")],
        failures=[_failure(replica, moment) for replica in ended],
        watched=_age(watch.since, moment),
        offers=_offers(running, active),
        released=[Release(replica.node_id, replica.device, _held(replica)) for replica in stopped],
    )


def _age(time: datetime | None, moment: datetime) -> float:
    return (moment - time).total_seconds() if time else 0.0


def _wanted(carrier: Carrier) -> Wanted:
    stage, version = carrier.stage, carrier.stage.version
    corrupt = version.state == ModelVersion.State.CORRUPT
    return Wanted(
        stage=stage.pk,
        slots=carrier.slots,
        device=device_class(stage.device, stage.steps, version.manifest["stages"]),
        need=memory_need(version.memory_bytes, version.size_bytes),
        refusal=f"Version {version} is corrupt: {version.state_reason}" if corrupt else "",
    )


def _offers(running: Mapping[int, Carrier], active: Iterable[Replica]) -> list[Offer]:
    """Ready replicas of stages that may have fewer, from each one's highest slot down."""
    ready = {(r.stage_id, r.slot): r for r in active if r.state == Replica.State.READY}
    offers, moment = [], now()
    for pk, carrier in running.items():
        if carrier.held or carrier.standing is None:
            continue
        idle = _age(carrier.standing.last_used_at, moment)
        for slot in range(carrier.desired - 1, carrier.bounds.min_replicas - 1, -1):
            if (replica := ready.get((pk, slot))) is None:
                break
            offers.append(Offer(replica.pk, pk, slot, replica.node_id, replica.device, _held(replica), idle))
    return offers


def _held(replica: Replica) -> int:
    return replica.memory_bytes or replica.reserved_bytes


def nodes_whole() -> list[Whole]:
    """Every node ever heard of, with what it has in all."""
    return [
        Whole(
            node.name,
            node.memory_total,
            tuple(device["memory_total"] for device in node.devices if device["class"] != CPU),
        )
        for node in Node.objects.order_by("pk")
    ]


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
        held=_held(replica),
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
    """Reasons by revision id, from reasons by the ids of the stages that carry them."""
    by_revision: dict[int, list[str]] = {}
    for pk, carrier in (carriers() if blocked else {}).items():
        for user in carrier.users if pk in blocked else ():
            reasons = by_revision.setdefault(user.revision_id, [])
            if blocked[pk] not in reasons:
                reasons.append(blocked[pk])
    return {revision_id: " ".join(reasons) for revision_id, reasons in by_revision.items()}


def replica_spec(replica_id: UUID) -> dict[str, Any]:
    """What a replica's child process needs to know, but for the address of Valkey."""
    related = ("stage__revision__deployment__live_revision", "stage__version", "node")
    replica = Replica.objects.select_related(*related).get(pk=replica_id)
    stage, revision, version = replica.stage, replica.stage.revision, replica.stage.version
    return {
        "replica": str(replica.pk),
        "deployment": revision.deployment.name,
        "revision": revision.number,
        "stage": stage.name,
        "steps": stage.steps,
        "directory": str(version.directory),
        "files": version_files(version),
        "manifest": _manifest(version),
        "stream": stream_of(stage),
        "batch_max": stage.batch_max,
        "batch_bytes": stage.batch_bytes,
        "timeout_ms": _timeout_ms(revision),
        "device": replica.device,
        "threads": _threads(replica.node),
    }


def _timeout_ms(revision: Revision) -> int:
    """The longest that a request may be under way in it: until it is live its requests have the live one's time."""
    live = revision.deployment.live_revision
    return max(int(each.spec["timeout_ms"]) for each in (revision, live) if each)


def _manifest(version: ModelVersion) -> dict[str, Any]:
    """With what older ones leave to be understood spelt out."""
    manifest: dict[str, Any] = version.manifest
    return manifest | {"stages": spelt(manifest["stages"]), "outputs": with_roles(manifest["outputs"])}


def _threads(node: Node) -> int:
    """Model threads of one replica: the node's cores shared out, one of them left for everything else."""
    hosted = Replica.objects.filter(node=node, state__in=Replica.ACTIVE_STATES).count()
    return max(1, (node.cores - 1) // max(1, hosted))
