"""Listeners of other apps' events that begin or end an alert."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from apps.monitoring.rules.wording import drifted
from apps.monitoring.services.alerts import alert_raise, alert_resolve


def drift_found(
    *, event_id: UUID, deployment: str, revision: int, groups: Sequence[str], summary: str = "", **rest: Any
) -> None:
    """Listener of drift.found: an alert for each modality, or other group of signals, that has newly drifted."""
    for group in groups:
        alert_raise(finding=drifted(deployment, revision, group, summary), heard=event_id)


def drift_healed(*, event_id: UUID, deployment: str, groups: Sequence[str], summary: str = "", **rest: Any) -> None:
    """Listener of drift.healed."""
    for group in groups:
        why = summary.strip() or "A later run finds it as it was."
        alert_resolve(key=("drift", deployment, group), why=why[:300], heard=event_id)
