"""Retraining on a deployment's page: what the policy says, and what became of the last triggers."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.console.figures import share
from apps.console.states import State, trigger_state
from apps.core.clock import now
from apps.deployments.models import Deployment
from apps.training.models import RetrainPolicy, RetrainTrigger
from apps.training.rules.triggers import OPEN, Kind, fate
from apps.training.rules.triggers import State as TriggerState
from apps.training.selectors import last_retrained, triggers_list

#: Triggers that the panel lists.
_LISTED = 8
_KINDS = {
    Kind.DRIFT: "drift",
    Kind.ACCURACY: "accuracy",
    Kind.SCHEDULE: "the clock",
    Kind.LABELS: "labels",
    Kind.HAND: "by hand",
}


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """One line."""

    trigger: RetrainTrigger
    kind: str
    state: State


@dataclass(frozen=True, slots=True)
class RetrainPanel:
    """What calls for it and what it learns from, in words, with the newest of `kept` triggers; `refusal` says why it
    cannot be asked for now."""

    policy: RetrainPolicy | None
    calls: str
    learns: str
    rows: list[TriggerRow]
    kept: int
    refusal: str


def retrain_panel(deployment: Deployment) -> RetrainPanel:
    """Of one deployment."""
    related = RetrainPolicy.objects.select_related("set_by").prefetch_related("base__dataset", "measured_on__dataset")
    policy = related.filter(deployment=deployment).first()
    triggers = triggers_list(deployment=deployment.name)
    return RetrainPanel(
        policy=policy,
        calls=_calls(policy) if policy else "",
        learns=_learns(policy) if policy else "",
        rows=[TriggerRow(each, _KINDS[Kind(each.kind)], trigger_state(each)) for each in triggers[:_LISTED]],
        kept=triggers.count(),
        refusal=_refusal(deployment, policy),
    )


def trigger_facts() -> Any:
    """What of open triggers, and of those that ended lately, changes on a deployment's page."""
    lately = now() - timedelta(minutes=30)
    found = RetrainTrigger.objects.filter(state__in=OPEN) | RetrainTrigger.objects.filter(ended_at__gte=lately)
    return found.order_by("pk").values_list("deployment_id", "pk", "state", "reason")


def _refusal(deployment: Deployment, policy: RetrainPolicy | None) -> str:
    if policy is None:
        return "There is no policy yet."
    under_way = RetrainTrigger.objects.filter(deployment=deployment, state__in=OPEN).exists()
    state, reason = fate(
        open_one="A retraining is under way." if under_way else "",
        last_ended=last_retrained(deployment),
        cooldown=timedelta(seconds=policy.cooldown_s),
        now=now(),
    )
    return reason if state != TriggerState.PENDING else ""


def _calls(policy: RetrainPolicy) -> str:
    """As a sentence."""
    if not policy.enabled:
        return "Switched off: nothing calls for it but a person."
    found = []
    if policy.on_drift:
        found.append(f"drift of {', '.join(policy.drift_groups)}" if policy.drift_groups else "drift")
    if policy.accuracy_floor is not None:
        floor = f"an accuracy below {share(policy.accuracy_floor)} over {policy.accuracy_window}"
        found.append(f"{floor} of {policy.accuracy_least:,} labels or more")
    if policy.every_labels is not None:
        found.append(f"{policy.every_labels:,} new labels")
    if policy.every_hours is not None:
        found.append(f"{policy.every_hours:,} h since the last")
    return f"Called for by {'; '.join(found)}." if found else "Called for by a person alone."


def _learns(policy: RetrainPolicy) -> str:
    old = ", ".join(str(each) for each in policy.base.all()) or "no old samples"
    tests = ", ".join(str(each) for each in policy.measured_on.all())
    kept = f"{share(policy.held_out)} of it is measured with and never trained on"
    return (
        f"By the recipe {policy.recipe}, from {old} and what was met and labelled in {policy.days:,} days, once "
        f"{policy.least_labels:,} labels are new; {kept}{f', with {tests}' if tests else ''}. "
        f"A candidate that its gates let through is asked to be rolled out by {policy.strategy.replace('_', '/')}."
    )
