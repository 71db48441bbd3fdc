"""Moments worth a mark on a chart."""

from datetime import UTC, datetime
from typing import Any

from apps.deployments.models import Deployment, Rollout


def rollout_marks(deployment: Deployment, since: float) -> list[dict[str, Any]]:
    """When traffic moved to another revision, from `since` (unix seconds) on."""
    moved = Rollout.objects.filter(deployment=deployment, shifted_at__gte=datetime.fromtimestamp(since, UTC))
    return [
        {"at": rollout.shifted_at.timestamp(), "label": f"revision {rollout.to_revision.number}"}
        for rollout in moved.order_by("shifted_at").select_related("to_revision")
        if rollout.shifted_at
    ]
