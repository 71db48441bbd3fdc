"""Requesting revisions, and what the reviewers' answer does to them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.errors import DigestChanged, FourEyes
from apps.core.models import User
from apps.core.permissions import require
from apps.core.reviewers import reviewers_fit
from apps.deployments import selectors
from apps.deployments.access import OPERATE
from apps.deployments.events import RolloutRequested
from apps.deployments.models import Deployment, Revision, Stage
from apps.deployments.rules import spec as rules
from apps.deployments.rules.told import unusual_text
from apps.deployments.services.rollouts import rollout_begin
from apps.deployments.services.versions import check_memory, group_versions
from apps.registry.models import ModelVersion
from apps.registry.rules.stages import spelt

#: The kind of approval request that asks about a revision.
APPROVAL_KIND = "rollout"


def revision_request(
    *,
    actor: User,
    deployment: Deployment,
    version: ModelVersion,
    stages: Sequence[Mapping[str, Any]] | None = None,
    timeout_ms: int = rules.TIMEOUT_MS,
    max_in_flight: int = rules.MAX_IN_FLIGHT,
    strategy: str = rules.BLUE_GREEN,
    surge: int = 1,
    keep_s: int = 60,
    missing_inputs: str = rules.ANSWER,
    record: Mapping[str, Any] | None = None,
    canary: Mapping[str, Any] | None = None,
    shadow: Mapping[str, Any] | None = None,
    note: str = "",
    **one_stage: Any,
) -> Revision:
    """Ask for `version` to go live behind `deployment`; nothing moves before somebody else has approved it.

    `stages` takes the pipeline apart (docs/deployments.md); without it one stage holds every step, with `one_stage`:
    replicas or min_replicas and max_replicas, device, batch_max, batch_bytes, scale. A revision never changes.
    Raises BadSpec, VersionUnfit, or WillNotFit where its measured memory is more than any node has.
    """
    require(actor, OPERATE, "request revisions")
    manifest = spelt(version.manifest["stages"])
    groups = rules.one_stage(manifest, **one_stage) if stages is None else stages
    versions = group_versions(version, groups)
    spec = rules.normalised(
        groups,
        stages=manifest,
        others={number: each.manifest["stages"] for number, each in versions.items()},
        version=version.number,
        timeout_ms=timeout_ms,
        max_in_flight=max_in_flight,
        strategy=strategy,
        surge=surge,
        keep_s=keep_s,
        missing_inputs=missing_inputs,
        record=record,
        canary=canary,
        shadow=shadow,
        note=note,
    )
    check_memory(versions, spec)
    with transaction.atomic():
        revision = _written(actor, deployment, version, spec, versions)
        audit.record(
            actor=actor,
            action="revision.requested",
            target=f"deployment:{deployment.name}",
            revision=revision.number,
            version=str(version),
            digest=revision.digest,
        )
        outbox.emit(_request(revision))
    return revision


def _written(
    actor: User,
    deployment: Deployment,
    version: ModelVersion,
    spec: dict[str, Any],
    versions: Mapping[int, ModelVersion],
) -> Revision:
    number = Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk).next_number
    Deployment.objects.filter(pk=deployment.pk).update(next_number=F("next_number") + 1)
    revision = Revision.objects.create(
        deployment=deployment,
        number=number,
        version=version,
        spec=spec,
        digest=rules.digest(version.digest, spec, [each.digest for each in versions.values()]),
        requested_by=actor,
    )
    Stage.objects.bulk_create(
        Stage(revision=revision, position=i, **group | {"version": versions[group["version"]]})
        for i, group in enumerate(spec["stages"])
    )
    return revision


def _request(revision: Revision) -> RolloutRequested:
    deployment, version, spec = revision.deployment, revision.version, revision.spec
    live, metrics = deployment.live_revision, version.manifest.get("metrics", {})
    plan = selectors.revision_plan(revision)
    return RolloutRequested(
        revision_id=revision.pk,
        digest=revision.digest,
        requested_by=revision.requested_by_id,
        summary=f"Put {version} live behind {deployment.name} (revision {revision.number})",
        evidence={
            "Deployment": deployment.name,
            "Version": f"{version}, digest {version.digest}",
            "Replaces": f"{live.version} (revision {live.number})" if live else "nothing: this is the first",
            "Metrics": ", ".join(f"{name} {value:g}" for name, value in metrics.items()) or "none given",
            "Stages": "; ".join(_group_text(group, version) for group in spec["stages"]),
            "Strategy": f"{_strategy_text(spec)}, the old revision kept for {spec['keep_s']} s",
            "Not as usual": unusual_text(plan),
            "Plan": [asdict(line) for line in plan],
            "Note": spec["note"] or "none",
        },
    )


def _strategy_text(spec: Mapping[str, Any]) -> str:
    """Such as `canary by 5, 25, 50 %`, or `shadow of 100 %, then canary by 5, 25, 50 %`."""
    shadow, canary = spec.get("shadow"), spec.get("canary")
    words = f"shadow of {shadow['share']} %, then {shadow['then']}" if shadow else str(spec["strategy"])
    return f"{words} by {', '.join(map(str, canary['steps']))} %" if canary else words


def _group_text(group: Mapping[str, Any], version: ModelVersion) -> str:
    """Such as `infer: 1 to 4 x cuda, of version 3`."""
    least, most = group["min_replicas"], group["max_replicas"]
    count = str(least) if least == most else f"{least} to {most}"
    other = f", of version {group['version']}" if group["version"] != version.number else ""
    return f"{group['name']}: {count} x {group['device']}{other}"


def rollout_start(
    *, event_id: UUID, kind: str, subject_id: int, digest: str, reviewers: list[int], **rest: Any
) -> None:
    """Listener of approvals.granted: approve the revision and begin its rollout, or let it wait for the present one.

    An approval that does not hold ends the revision: trying again would not mend it, and somebody waits for an answer.
    """
    if kind != APPROVAL_KIND:
        return
    try:
        revision = revision_approve(revision_id=subject_id, digest=digest, reviewers=reviewers)
    except (FourEyes, DigestChanged) as refusal:
        _reject(subject_id, by=None, reason=f"The approval does not hold: {refusal.message}", comment=refusal.message)
    else:
        rollout_begin(deployment_id=revision.deployment_id)


def revision_approve(*, revision_id: int, digest: str, reviewers: list[int]) -> Revision:
    """Mark a requested revision approved by `reviewers` (user ids); one that is decided already stays as it is.

    Raises DigestChanged where what is stored is not what was approved, and FourEyes where the reviewers are nobody, not
    fit, or include the requester. The database refuses the requester's own approval as well.
    """
    with transaction.atomic():
        revisions = Revision.objects.select_related("deployment", "version__model").select_for_update(
            of=("self",), no_key=True
        )
        revision = revisions.get(pk=revision_id)
        if revision.state != Revision.State.REQUESTED:
            return revision
        _check_digest(revision, digest)
        approver = reviewers_fit(requester=revision.requested_by, asked=str(revision), reviewers=reviewers)[-1]
        revision.state, revision.approved_by, revision.approved_at = Revision.State.APPROVED, approver, now()
        revision.save(update_fields=["state", "approved_by", "approved_at"])
        audit.record(
            actor=approver,
            action="revision.approved",
            target=f"deployment:{revision.deployment.name}",
            revision=revision.number,
            digest=digest,
            reviewers=reviewers,
        )
    return revision


def _check_digest(revision: Revision, approved: str) -> None:
    stored = selectors.revision_digest(revision)
    if not approved == stored == revision.digest:
        raise DigestChanged(f"Revision {revision} was approved with digest {approved}; what is stored has {stored}.")


def revision_reject(
    *, event_id: UUID, kind: str, subject_id: int, reviewer: int = 0, comment: str = "", **rest: Any
) -> None:
    """Listener of approvals.rejected: the revision ends here."""
    if kind != APPROVAL_KIND:
        return
    who = User.objects.filter(pk=reviewer).first()
    reason = f"Rejected by {who.get_username() if who else 'a reviewer'}" + (f": {comment}" if comment else ".")
    _reject(subject_id, by=who, reason=reason, comment=comment)


def revision_lapse(*, event_id: UUID, kind: str, subject_id: int, reason: str, **rest: Any) -> None:
    """Listener of approvals.lapsed: nobody answers any more, so the revision ends here."""
    if kind == APPROVAL_KIND:
        _reject(subject_id, by=None, reason=reason, comment=reason)


def _reject(revision_id: int, *, by: User | None, reason: str, comment: str) -> None:
    """End a revision that still waits for its answer; one that is decided already stays as it is."""
    waiting = Revision.objects.filter(pk=revision_id, state=Revision.State.REQUESTED)
    with transaction.atomic():
        if waiting.update(state=Revision.State.REJECTED, state_reason=reason, ended_at=now()):
            revision = Revision.objects.select_related("deployment").get(pk=revision_id)
            audit.record(
                actor=by,
                action="revision.rejected",
                target=f"deployment:{revision.deployment.name}",
                revision=revision.number,
                comment=comment,
            )
