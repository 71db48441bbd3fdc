"""Moving a deployment's traffic from one revision to the next, a step at a time.

Whoever takes a step holds the deployment's row, so steps of one deployment never run into each other.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.core import audit, outbox
from apps.core.clock import now
from apps.deployments import selectors
from apps.deployments.events import RevisionSuperseded, RoutingChanged
from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.rules import advance as rules
from apps.deployments.rules.queue import Turn, next_turn
from apps.deployments.rules.spec import setting
from apps.deployments.services.degrees import comparison_note, degree_take, rollout_note
from apps.deployments.services.muting import mutings_fit
from apps.deployments.services.scaling import stages_share

State = Revision.State
_PASSED_OVER = (State.REQUESTED, State.APPROVED, State.STARTING)


def rollout_begin(*, deployment_id: int) -> Rollout | None:
    """Begin the rollout of the newest approved revision, unless traffic is just moving to another; then it waits."""
    with transaction.atomic():
        deployment = Deployment.objects.select_for_update(no_key=True).get(pk=deployment_id)
        current = _open(deployment).select_related("to_revision").first()
        turn = _turn(deployment, current)
        if turn.abandon is not None and current is not None:
            rollout_end(current, Rollout.State.SUPERSEDED, f"Revision {turn.begin} was approved in the meantime.")
        passed = _supersede(deployment, turn)
        rollout = _begun(deployment, turn.begin) if turn.begin else None
        _tell(deployment, turn, passed)
    return rollout


def _open(deployment: Deployment) -> QuerySet[Rollout]:
    return deployment.rollouts.filter(state__in=Rollout.OPEN_STATES)


def _turn(deployment: Deployment, current: Rollout | None) -> Turn:
    numbers: dict[str, list[int]] = {State.APPROVED: [], State.REQUESTED: []}
    for number, state in deployment.revisions.filter(state__in=numbers).values_list("number", "state"):
        numbers[state].append(number)
    return next_turn(
        live=deployment.live_revision.number if deployment.live_revision else None,
        rolling=current.to_revision.number if current else None,
        moving=current is not None and current.state != Rollout.State.STARTING,
        approved=numbers[State.APPROVED],
        requested=numbers[State.REQUESTED],
    )


def _supersede(deployment: Deployment, turn: Turn) -> list[Revision]:
    """Close what is passed over; the rows as they were, for telling."""
    numbers = turn.supersede | ({turn.abandon} if turn.abandon else set())
    # One may have been rejected since its number was read: its own reason stays.
    open_still = deployment.revisions.filter(number__in=numbers, state__in=_PASSED_OVER)
    passed = list(open_still.select_for_update(no_key=True).order_by("pk"))
    newer = turn.begin or (deployment.live_revision.number if deployment.live_revision else None)
    reason = f"Revision {newer} went ahead." if newer else "A newer revision goes ahead."
    Revision.objects.filter(pk__in=[each.pk for each in passed]).update(
        state=State.SUPERSEDED, state_reason=reason, ended_at=now()
    )
    return passed


def _begun(deployment: Deployment, number: int) -> Rollout:
    revision = deployment.revisions.get(number=number)
    Revision.objects.filter(pk=revision.pk).update(state=State.STARTING)
    stages_share(revision, deployment.live_revision)
    return Rollout.objects.create(deployment=deployment, from_revision=deployment.live_revision, to_revision=revision)


def _tell(deployment: Deployment, turn: Turn, passed: list[Revision]) -> None:
    target = f"deployment:{deployment.name}"
    for revision in passed:
        audit.record(actor=None, action="revision.superseded", target=target, revision=revision.number)
        outbox.emit(RevisionSuperseded(revision_id=revision.pk))
    if turn.begin:
        audit.record(actor=None, action="rollout.started", target=target, revision=turn.begin)


def rollout_advance(*, rollout_id: int, evidence: rules.Evidence | None) -> str:
    """Take the step that the facts allow, if any; returns the rollout's state. `evidence`: None with Valkey away."""
    with transaction.atomic():
        rollout = selectors.rollout_locked(rollout_id)
        if rollout.state not in Rollout.OPEN_STATES:
            return rollout.state
        if rollout.state in (Rollout.State.SHIFTING, Rollout.State.REVERTING):
            _note_gateways(rollout, evidence)
        if rollout.state in Rollout.AT_A_STEP_STATES:
            comparison_note(rollout, evidence)
        step = rules.advance(selectors.rollout_facts(rollout, evidence))
        if step.state != rollout.state or step.to is not None or step.pause:
            _STEPS[step.state](rollout, step)
    return step.state


def _note_gateways(rollout: Rollout, evidence: rules.Evidence | None) -> None:
    """Keep since when every gateway has had the routing to where traffic goes, without a break."""
    back = rollout.state == Rollout.State.REVERTING
    revision = rollout.from_revision if back else rollout.to_revision
    assert revision is not None
    moved = evidence is not None and evidence.moved(rollout.deployment.name, revision.number)
    if moved == (rollout.moved_at is not None):
        return
    rollout.moved_at = now() if moved else None
    rollout.snapshot_number = evidence.snapshot if moved and evidence else None
    rollout.save(update_fields=["moved_at", "snapshot_number"])


def rollout_shift(rollout: Rollout, step: rules.Step) -> None:
    moment = now()
    if rollout.from_revision_id:
        Revision.objects.filter(pk=rollout.from_revision_id).update(state=State.RETIRING)
    Revision.objects.filter(pk=rollout.to_revision_id).update(state=State.LIVE, state_reason="", live_at=moment)
    Deployment.objects.filter(pk=rollout.deployment_id).update(live_revision=rollout.to_revision_id)
    Rollout.objects.filter(pk=rollout.pk).update(state=Rollout.State.SHIFTING, shifted_at=moment)
    mutings_fit(deployment=rollout.deployment, revision=rollout.to_revision)
    rollout_note(rollout, "rollout.shifted")
    outbox.emit(RoutingChanged(deployment_id=rollout.deployment_id))


def _roll(rollout: Rollout, step: rules.Step) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(state=Rollout.State.ROLLING)
    rollout_note(rollout, "rollout.rolling")
    outbox.emit(RoutingChanged(deployment_id=rollout.deployment_id))


def rollout_revert(rollout: Rollout, step: rules.Step) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(state=Rollout.State.REVERTING, reason=step.reason)
    rollout_note(rollout, "rollout.reverting", reason=step.reason)
    outbox.emit(RoutingChanged(deployment_id=rollout.deployment_id))


def _keep(rollout: Rollout, step: rules.Step) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(state=Rollout.State.KEEPING, kept_at=now())
    rollout_note(rollout, "rollout.keeping", seconds=setting(rollout.to_revision.spec, "keep_s"))


def _drain(rollout: Rollout, step: rules.Step) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(state=Rollout.State.DRAINING, draining_at=now())
    rollout_note(rollout, "rollout.draining")


def _finish(rollout: Rollout, step: rules.Step) -> None:
    if rollout.from_revision_id:
        Revision.objects.filter(pk=rollout.from_revision_id).update(state=State.RETIRED, ended_at=now())
    rollout_end(rollout, Rollout.State.DONE, "")
    rollout_note(rollout, "rollout.done")


def rollout_fail(rollout: Rollout, step: rules.Step) -> None:
    failed = Revision.objects.filter(pk=rollout.to_revision_id)
    failed.update(state=State.FAILED, state_reason=step.reason, ended_at=now())
    rollout_end(rollout, Rollout.State.FAILED, step.reason)
    rollout_note(rollout, "rollout.failed", reason=step.reason)


def rollout_end(rollout: Rollout, state: Rollout.State, reason: str) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(state=state, reason=reason, ended_at=now())


_STEPS = {
    rules.ROLLING: _roll,
    rules.CANARY: degree_take,
    rules.SHADOW: degree_take,
    rules.SHIFTING: rollout_shift,
    rules.KEEPING: _keep,
    rules.DRAINING: _drain,
    rules.REVERTING: rollout_revert,
    rules.DONE: _finish,
    rules.FAILED: rollout_fail,
}


def version_corrupted(*, event_id: UUID, version_id: int, **rest: Any) -> None:
    """Listener of registry.version_corrupted: a rollout that was starting it fails now, not at its third replica."""
    coming = Rollout.objects.filter(state__in=Rollout.COMING_STATES)
    coming = coming.filter(to_revision__stages__version=version_id)
    for rollout_id in coming.values_list("pk", flat=True).distinct():
        rollout_advance(rollout_id=rollout_id, evidence=None)
