"""Listeners of other apps' events that begin or end an alert."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.monitoring.rules.retrainings import PASSED, RULE, not_retrained
from apps.monitoring.rules.wording import drifted
from apps.monitoring.services.alerts import alert_raise, alert_resolve


def drift_found(
    *, event_id: UUID, deployment: str, revision: int, groups: Sequence[str], reasons: Mapping[str, str], **rest: Any
) -> None:
    """Listener of drift.found: an alert for each modality, or other group of signals, that has newly drifted."""
    for group in groups:
        alert_raise(finding=drifted(deployment, revision, group, reasons[group]), heard=event_id)


def drift_healed(*, event_id: UUID, deployment: str, groups: Sequence[str], summary: str = "", **rest: Any) -> None:
    """Listener of drift.healed."""
    for group in groups:
        why = summary.strip() or "A later run finds it as it was."
        alert_resolve(key=("drift", deployment, group), why=why[:300], heard=event_id)


def retraining_ended(
    *, event_id: UUID, trigger: int, deployment: str, state: str, code: str, reason: str, why: str, actor: str
) -> None:
    """Listener of training.retraining_ended: one that failed or was refused is an alert until a later one passes."""
    told = {"deployment": deployment, "state": state, "code": code, "reason": reason, "why": why, "actor": actor}
    if state == PASSED:
        alert_resolve(key=(RULE, deployment, ""), why=reason[:300], heard=event_id)
    elif finding := not_retrained(trigger=trigger, **told):
        alert_raise(finding=finding, heard=event_id)


def retraining_dropped(*, event_id: UUID, deployment: str, reason: str) -> None:
    """Listener of training.retrain_policy_removed: what the last one came to needs nobody any more."""
    alert_resolve(key=(RULE, deployment, ""), why=reason[:300], heard=event_id)
