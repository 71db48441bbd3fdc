"""What gateways are told of deployments."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from apps.deployments.models import Deployment, Revision, Rollout, Stage
from apps.deployments.rules import rolling
from apps.deployments.rules.groups import hops
from apps.deployments.rules.spec import REJECT, setting
from apps.deployments.selectors.carriers import Carrier, carriers
from apps.deployments.selectors.muting import inputs_left_out, mutings_open
from apps.deployments.selectors.rollouts import rollout_mirrored, rollout_weight
from apps.registry.rules.stages import spelt


def routing_deployments() -> dict[str, Any]:
    """Deployment name -> how gateways reach it: the `deployments` of a routing snapshot.

    A deployment that never went live is not in it.
    """
    deployments = Deployment.objects.exclude(live_revision=None).select_related("live_revision__version__model")
    running = carriers()
    muted: dict[int, list[str]] = {}
    for each in mutings_open():
        muted.setdefault(each.deployment_id, []).append(each.input)
    shared = Rollout.objects.filter(state__in=[Rollout.State.ROLLING, *Rollout.AT_A_STEP_STATES])
    coming = {rollout.deployment_id: rollout for rollout in shared.select_related("to_revision__version")}
    return {
        deployment.name: _route(deployment, coming.get(deployment.pk), running, muted.get(deployment.pk, []))
        for deployment in deployments.order_by("name")
    }


def _route(
    deployment: Deployment, coming: Rollout | None, running: Mapping[int, Carrier], muted: list[str]
) -> dict[str, Any]:
    revision = deployment.live_revision
    assert revision is not None
    stages = list(revision.stages.select_related("version").order_by("position"))
    shadow = coming if coming and coming.state == Rollout.State.SHADOW else None
    coming = None if shadow else coming
    splits = _splits(revision, coming, running)
    return {
        "model": revision.version.model.name,
        "ready": _ready(stages, running),
        "inputs": _inputs(revision),
        "outputs": stages[-1].version.manifest["outputs"],
        "require_any": revision.version.manifest.get("require_any") or [],
        "splits": splits,
        "timeout_ms": revision.spec["timeout_ms"],
        "max_in_flight": revision.spec["max_in_flight"],
        # while two revisions answer, what both can do without
        "muted": inputs_left_out([revision, coming.to_revision] if coming else [revision], muted) if muted else [],
        "shadow": _shadow(shadow, running) if shadow else None,
    }


def _shadow(coming: Rollout, running: Mapping[int, Carrier]) -> dict[str, Any]:
    """The revision that is asked what the live one answered, and which share of it."""
    revision = coming.to_revision
    return {
        "revision": revision.number,
        "version": str(revision.version.number),
        "share": rollout_mirrored(coming),
        "path": _path(revision, list(revision.stages.order_by("position")), running),
    }


def _inputs(revision: Revision) -> list[dict[str, Any]]:
    """As the manifest has them, or each required where a request that lacks one is to be refused."""
    inputs: list[dict[str, Any]] = revision.version.manifest["inputs"]
    if setting(revision.spec, "missing_inputs") == REJECT:
        return [{**each, "required": True} for each in inputs]
    return inputs


def _ready(stages: list[Stage], running: Mapping[int, Carrier]) -> bool:
    """Whether a request is answered: a stage without a replica counts where it may have none and a request wakes it."""
    return all(running[stage.carrying].ready or not stage.min_replicas for stage in stages)


def _splits(live: Revision, coming: Rollout | None, running: Mapping[int, Carrier]) -> list[dict[str, Any]]:
    """The live revision's share and, after it, that of one which is coming in."""
    if coming is None:
        return [_split(live, 100, running)]
    to_live, to_coming = _weights(live, coming, running)
    return [_split(live, to_live, running), _split(coming.to_revision, to_coming, running)]


def _weights(live: Revision, coming: Rollout, running: Mapping[int, Carrier]) -> tuple[int, int]:
    if coming.state == Rollout.State.CANARY:
        share = rollout_weight(coming)
        return 100 - share, share
    new = coming.to_revision
    return rolling.weights(_share(live, new, running), _share(new, live, running))


def _share(revision: Revision, other: Revision, running: Mapping[int, Carrier]) -> Fraction:
    """How much of what only this revision uses is ready."""
    shared = {stage.carrying for stage in other.stages.all()}
    own = [running[stage.carrying] for stage in revision.stages.all() if stage.carrying not in shared]
    return rolling.share((carrier.ready, carrier.desired) for carrier in own)


def _split(revision: Revision, weight: int, running: Mapping[int, Carrier]) -> dict[str, Any]:
    stages = list(revision.stages.order_by("position"))
    return {
        "revision": revision.number,
        "version": str(revision.version.number),
        "weight": weight,
        "path": _path(revision, stages, running),
        "record": setting(revision.spec, "record"),
        "ready_replicas": min((running[stage.carrying].ready for stage in stages), default=0),
    }


def _path(revision: Revision, stages: list[Stage], running: Mapping[int, Carrier]) -> list[dict[str, Any]]:
    groups = [{"name": stage.name, "steps": stage.steps} for stage in stages]
    return [
        {
            "stage": stage.name,
            "stream": running[stage.carrying].stream,
            "then": list(hop.then),
            "joins": hop.joins,
        }
        for stage, hop in zip(stages, hops(groups, spelt(revision.version.manifest["stages"])), strict=True)
    ]
