"""Nodes and what they host."""

from dataclasses import dataclass
from typing import Any

from apps.console.states import State, node_state, replica_state
from apps.deployments.models import Node, Replica


@dataclass(frozen=True, slots=True)
class Memory:
    """Used of total, in bytes, with the used share in per cent."""

    used: int
    total: int

    @property
    def per_cent(self) -> int:
        return round(100 * self.used / self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node with its active replicas."""

    node: Node
    state: State
    hardware: str
    memory: Memory
    devices: list[tuple[dict[str, Any], Memory]]
    replicas: list[tuple[Replica, State]]


def node_rows() -> list[NodeRow]:
    """Every node by name."""
    hosted: dict[int, list[Replica]] = {}
    active = Replica.objects.filter(state__in=Replica.ACTIVE_STATES).select_related("stage__revision__deployment")
    for replica in active.order_by("pk"):
        hosted.setdefault(replica.node_id, []).append(replica)
    return [_row(node, hosted.get(node.pk, [])) for node in Node.objects.order_by("name")]


def _row(node: Node, replicas: list[Replica]) -> NodeRow:
    return NodeRow(
        node=node,
        state=node_state(node),
        hardware=_hardware(node),
        memory=Memory(node.memory_total - node.memory_free, node.memory_total),
        devices=[
            (each, Memory(each["memory_total"] - each["memory_free"], each["memory_total"])) for each in node.devices
        ],
        replicas=[(replica, replica_state(replica)) for replica in replicas],
    )


def _hardware(node: Node) -> str:
    """The accelerators where there are some, the cores otherwise: `2 × H100`, `32 cores`."""
    models = [str(each.get("model") or each["name"]) for each in node.devices]
    counted = [f"{models.count(name)} × {name}" if models.count(name) > 1 else name for name in dict.fromkeys(models)]
    return ", ".join(counted) or f"{node.cores} core{'s' if node.cores != 1 else ''}"
