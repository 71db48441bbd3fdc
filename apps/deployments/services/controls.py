"""What people do with a rollout: send it on, hold it, give it up, go back."""

from collections.abc import Callable, Mapping

from django.db import transaction

from apps.core import audit
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments import selectors
from apps.deployments.access import OPERATE
from apps.deployments.errors import KeptAnother, NotByDegrees, NothingKept, RolloutOver, StepPassed
from apps.deployments.models import Deployment, Rollout
from apps.deployments.rules import advance as rules
from apps.deployments.services.degrees import rollout_note, step_set
from apps.deployments.services.rollouts import rollout_end, rollout_fail, rollout_revert, rollout_shift

State = Rollout.State


def rollout_promote(*, actor: User, rollout_id: int, everything: bool = False, step: int | None = None) -> Rollout:
    """Take the next step of the plan now, whatever is measured; after the last one, or for `everything`, all traffic.

    `step` is the one that the actor saw it at, such that a call that is repeated promotes once. Raises NotByDegrees
    unless the rollout stands at a step, StepPassed where that is another.
    """
    require(actor, OPERATE, "promote rollouts")
    with transaction.atomic():
        rollout = _at_a_step(rollout_id, step)
        to = rollout.step + 1
        last = everything or to >= len(rollout.to_revision.spec["canary"]["steps"])
        rollout_note(rollout, "rollout.promoted", actor)
        if last:
            rollout_shift(rollout, rules.Step(rules.SHIFTING))
        else:
            step_set(rollout, to)
            rollout_note(rollout, "rollout.stepped", share=selectors.rollout_weight(rollout), measured="promoted")
    rollout.refresh_from_db()
    return rollout


def rollout_pause(*, actor: User, rollout_id: int) -> Rollout:
    """Hold a rollout at its step until somebody promotes, resumes or aborts it; a sure fail goes back all the same."""
    require(actor, OPERATE, "pause rollouts")
    with transaction.atomic():
        rollout = _at_a_step(rollout_id)
        if rollout.paused_at is None:
            rollout.paused_at, rollout.pause_reason = now(), f"Paused by {actor.get_username()}."
            rollout.save(update_fields=["paused_at", "pause_reason"])
            rollout_note(rollout, "rollout.paused", actor, reason=rollout.pause_reason)
    return rollout


def rollout_resume(*, actor: User, rollout_id: int, step: int | None = None) -> Rollout:
    """Let a paused rollout go on by itself; its step begins anew. `step` as for promoting."""
    require(actor, OPERATE, "resume rollouts")
    with transaction.atomic():
        rollout = _at_a_step(rollout_id, step)
        if rollout.paused_at is not None:
            step_set(rollout, rollout.step)
            rollout_note(rollout, "rollout.resumed", actor)
    rollout.refresh_from_db()
    return rollout


def rollout_abort(*, actor: User, rollout_id: int, reason: str = "") -> Rollout:
    """Give up a rollout that has not taken all traffic: the old revision answers everything again.

    Raises RolloutOver where there is nothing left to abort; then deployment_rollback may go back.
    """
    require(actor, OPERATE, "abort rollouts")
    words = f"Aborted by {actor.get_username()}" + (f": {reason.strip()}" if reason.strip() else ".")
    with transaction.atomic():
        rollout = selectors.rollout_locked(rollout_id)
        rollout_note(rollout, "rollout.aborted", actor, reason=reason.strip() or "no reason given")
        if rollout.state == State.STARTING:
            rollout_fail(rollout, rules.Step(rules.FAILED, words))
        elif rollout.state in (State.ROLLING, State.CANARY):
            rollout_revert(rollout, rules.Step(rules.REVERTING, words))
        else:
            raise RolloutOver(f"This rollout is {rollout.get_state_display()}; there is nothing left to abort.")
    rollout.refresh_from_db()
    return rollout


#: What buttons call each of them.
ROLLOUT_ACTS: Mapping[str, Callable[..., Rollout]] = {
    "promote": rollout_promote,
    "pause": rollout_pause,
    "resume": rollout_resume,
    "abort": rollout_abort,
}
#: Those that somebody decides by what is known of a step; holding a rollout and giving it up are right at any.
STEP_ACTS = frozenset({"promote", "resume"})


def _at_a_step(rollout_id: int, step: int | None = None) -> Rollout:
    rollout = selectors.rollout_locked(rollout_id)
    if rollout.state != State.CANARY:
        raise NotByDegrees(f"This rollout is {rollout.get_state_display()} and stands at no step of a plan.")
    if step is not None and step != rollout.step:
        share = selectors.rollout_weight(rollout)
        raise StepPassed(f"This rollout is at another step by now, with {share} % of the traffic; nothing was done.")
    return rollout


def deployment_rollback(*, actor: User, deployment: Deployment, kept_id: int | None = None) -> Rollout:
    """Send the traffic back to the revision that was kept, at once: its replicas are ready and it was approved before.

    `kept_id` is the rollout that the actor saw it kept by. Raises NothingKept where there is none, KeptAnother where it
    is another.
    """
    require(actor, OPERATE, "roll back")
    with transaction.atomic():
        locked = Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk)
        kept = selectors.kept_rollout(locked)
        if kept is None or kept.from_revision is None:
            raise NothingKept(f"Deployment '{locked.name}' keeps no earlier revision that could take the traffic back.")
        if kept_id is not None and kept.pk != kept_id:
            raise KeptAnother(f"Revision {kept.from_revision.number} is kept by now; nothing was done.")
        rollout_end(kept, Rollout.State.ROLLED_BACK, f"Rolled back by {actor.get_username()}.")
        back = Rollout.objects.create(
            deployment=locked, from_revision=kept.to_revision, to_revision=kept.from_revision, is_rollback=True
        )
        detail = {"revision": back.to_revision.number, "left": kept.to_revision.number}
        audit.record(actor=actor, action="rollout.rolled_back", target=f"deployment:{locked.name}", **detail)
        rollout_shift(back, rules.Step(rules.SHIFTING))
    back.refresh_from_db()
    return back
