"""What gateways are told of deployments."""

from typing import Any

from django.db.models import Count, Q

from apps.deployments.models import Deployment, Replica, Revision, Stage
from apps.deployments.rules.streams import stage_stream


def routing_deployments() -> dict[str, Any]:
    """Deployment name -> how gateways reach it: the `deployments` of a routing snapshot.

    A deployment that never went live is not in it.
    """
    deployments = Deployment.objects.exclude(live_revision=None).select_related("live_revision__version__model")
    ready = _ready_by_stage()
    return {deployment.name: _route(deployment, ready) for deployment in deployments.order_by("name")}


def _ready_by_stage() -> dict[int, list[Stage]]:
    """Live revision id -> its stages in order, each with `ready`, the number of its ready replicas."""
    is_ready = Q(served_by__state=Replica.State.READY)
    live = Stage.objects.filter(revision__state=Revision.State.LIVE)
    stages = live.annotate(ready=Count("served_by", filter=is_ready))
    by_revision: dict[int, list[Stage]] = {}
    for stage in stages.order_by("revision_id", "position"):
        by_revision.setdefault(stage.revision_id, []).append(stage)
    return by_revision


def _route(deployment: Deployment, stages: dict[int, list[Stage]]) -> dict[str, Any]:
    revision = deployment.live_revision
    assert revision is not None
    own, manifest = stages.get(revision.pk, []), revision.version.manifest
    ready = min((stage.ready for stage in own), default=0)  # type: ignore[attr-defined]  # annotated above
    split = {
        "revision": revision.number,
        "version": str(revision.version.number),
        "weight": 100,
        "path": [stage_stream(deployment.name, revision.number, stage.name) for stage in own],
        "ready_replicas": ready,
    }
    return {
        "model": revision.version.model.name,
        "ready": ready > 0,
        "inputs": manifest["inputs"],
        "outputs": manifest["outputs"],
        "require_any": manifest.get("require_any") or [],
        "splits": [split],
        "timeout_ms": revision.spec["timeout_ms"],
        "max_in_flight": revision.spec["max_in_flight"],
    }
