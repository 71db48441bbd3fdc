"""What nodes say of themselves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from apps.core import audit
from apps.deployments.models import Node, Replica
from apps.deployments.rules.plan import LOST_AFTER
from apps.deployments.services.replicas import replicas_lost, replicas_lost_tell

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node is and has left. Memory in bytes; `devices` as Node.devices; `slots` replicas at once."""

    cores: int
    slots: int
    memory_total: int
    memory_free: int
    device_classes: list[str]
    devices: list[dict[str, Any]]


def node_beat(*, name: str, incarnation: UUID, facts: NodeFacts) -> bool:
    """Say that the node is there. False when a later life of its worker has taken the name: this one is over."""
    known = Node.objects.filter(name=name)
    if known.filter(incarnation=incarnation, state=Node.State.UP).update(last_seen=Now(), **asdict(facts)):
        return True
    if known.filter(incarnation__gt=incarnation).exists():
        return False
    _joined(name, incarnation, facts)
    return True


def _joined(name: str, incarnation: UUID, facts: NodeFacts) -> None:
    """A worker began its life, or is heard again: what an earlier one hosted on this node died with it."""
    state = {"incarnation": incarnation, "state": Node.State.UP, "started_at": Now(), "last_seen": Now()}
    with transaction.atomic():
        if not Node.objects.filter(name=name).update(**state, **asdict(facts)):
            Node.objects.create(name=name, **state, **asdict(facts))
        active = Replica.objects.filter(node__name=name, state__in=Replica.ACTIVE_STATES)
        orphans = active.exclude(state=Replica.State.PENDING).exclude(incarnation=incarnation)
        reason = f"The worker of node {name} ended and began anew."
        lost = replicas_lost(dict.fromkeys(orphans.values_list("pk", flat=True), reason))
        replicas_lost_tell(lost)
        audit.record(actor=None, action="node.joined", target=f"node:{name}", lost=len(lost), **asdict(facts))
    log.info("node joined", node=name, lost=len(lost))


def node_away(*, name: str, incarnation: UUID) -> None:
    """The node's worker is stopping: nothing more is placed there."""
    with transaction.atomic():
        up = Node.objects.filter(name=name, incarnation=incarnation, state=Node.State.UP)
        if up.update(state=Node.State.AWAY, last_seen=Now()):
            audit.record(actor=None, action="node.left", target=f"node:{name}")


def nodes_silent(ids: Sequence[int]) -> list[Node]:
    """Mark nodes away that were not heard of, within the caller's transaction; the ones that were up."""
    up = Node.objects.select_for_update(no_key=True).filter(pk__in=ids, state=Node.State.UP).order_by("pk")
    up = up.filter(last_seen__lt=Now() - timedelta(seconds=LOST_AFTER))  # it may have spoken since the picture
    silent = list(up)
    Node.objects.filter(pk__in=[node.pk for node in silent]).update(state=Node.State.AWAY)
    return silent


def nodes_silent_tell(nodes: Sequence[Node]) -> None:
    """Write down what `nodes_silent` marked."""
    for node in nodes:
        heard = node.last_seen.isoformat()
        audit.record(actor=None, action="node.lost", target=f"node:{node.name}", last_seen=heard)
