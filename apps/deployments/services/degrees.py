"""The steps of a rollout by degrees or in the shadow, and what every rollout leaves in the audit trail."""

from typing import Any

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.deployments import selectors
from apps.deployments.events import RoutingChanged
from apps.deployments.models import Rollout
from apps.deployments.rules import advance as rules


def comparison_note(rollout: Rollout, evidence: rules.Evidence | None) -> None:
    """Keep what was measured, so that a step that was earned is taken whoever comes next."""
    found = evidence.comparisons.get(rollout.pk) if evidence else None
    if found and found.step == rollout.step:
        rollout.comparison = {"verdict": found.verdict, **found.figures}
        rollout.save(update_fields=["comparison"])


def degree_take(rollout: Rollout, step: rules.Step) -> None:
    """Begin with the first share, go to the next, or wait for a person."""
    if step.pause:
        Rollout.objects.filter(pk=rollout.pk).update(paused_at=now(), pause_reason=step.reason)
        rollout_note(rollout, "rollout.paused", reason=step.reason)
        return
    step_set(rollout, step.state, step.to or 0)
    if rollout.state == Rollout.State.SHADOW:
        rollout_note(rollout, "rollout.mirrored", share=selectors.rollout_mirrored(rollout))
    else:
        rollout_note(rollout, "rollout.stepped", share=selectors.rollout_weight(rollout), measured=measured(rollout))


def step_set(rollout: Rollout, state: str, to: int) -> None:
    """Give the new revision the share of step `to`, or in the shadow what is mirrored, from now on; what was measured
    before counts no more."""
    rollout.state, rollout.step = state, to
    fresh = {"state": rollout.state, "step": to, "stepped_at": now(), "comparison": {}}
    Rollout.objects.filter(pk=rollout.pk).update(**fresh, paused_at=None, pause_reason="")
    outbox.emit(RoutingChanged(deployment_id=rollout.deployment_id))


def measured(rollout: Rollout) -> str:
    """In words, what a step was taken on."""
    return str(rollout.comparison.get("reason", "")) or "nothing measured yet"


def rollout_note(rollout: Rollout, action: str, actor: User | None = None, **detail: Any) -> None:
    """One entry of the audit trail about a step of the rollout, taken by `actor` or by Quartet itself."""
    target = f"deployment:{rollout.deployment.name}"
    audit.record(actor=actor, action=action, target=target, revision=rollout.to_revision.number, **detail)
