"""News of deployments."""

from dataclasses import dataclass
from typing import Any, ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class RolloutRequested(Event):
    """Somebody wants a revision to go live; `summary` and `evidence` are what a reviewer should see."""

    name: ClassVar[str] = "deployments.rollout_requested"
    revision_id: int
    digest: str
    requested_by: int
    summary: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RevisionSuperseded(Event):
    """A newer revision went ahead of this one, which will never go live."""

    name: ClassVar[str] = "deployments.revision_superseded"
    revision_id: int


@dataclass(frozen=True, slots=True)
class ReplicaPlaced(Event):
    """A replica waits for `node` to start it."""

    name: ClassVar[str] = "deployments.replica_placed"
    replica_id: str
    node: str


@dataclass(frozen=True, slots=True)
class RoutingChanged(Event):
    """What gateways should know of a deployment changed: its live revision, or whether it is ready."""

    name: ClassVar[str] = "deployments.routing_changed"
    deployment_id: int


@dataclass(frozen=True, slots=True)
class InputMuted(Event):
    """The model behind a deployment is no longer given an input; `drift_run` is None where a person muted it."""

    name: ClassVar[str] = "deployments.input_muted"
    deployment: str
    input: str
    reason: str
    drift_run: int | None


@dataclass(frozen=True, slots=True)
class InputUnmuted(Event):
    """It is given the input again; `drift_run` is that which found it steady, if one did."""

    name: ClassVar[str] = "deployments.input_unmuted"
    deployment: str
    input: str
    reason: str
    drift_run: int | None
