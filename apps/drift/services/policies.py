"""Saying when a deployment is looked at, and how strictly."""

from typing import Any

from django.db import transaction

from apps.core import audit
from apps.core.clock import now
from apps.core.models import User
from apps.deployments.models import Deployment
from apps.drift import access
from apps.drift.models import DriftPolicy
from apps.drift.rules import policy as rules
from apps.drift.selectors import policy_of


def policy_set(*, actor: User, deployment: Deployment, **given: Any) -> DriftPolicy:
    """Make the policy this; what is not given is as by default. Raises Forbidden or BadPolicy."""
    access.watcher(actor)
    wanted = rules.checked(given)
    with transaction.atomic():
        Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk)  # two changes are told one by one
        before = policy_of(deployment)
        changes = [
            f"{name}: {_told(getattr(before, name))} → {_told(value)}"
            for name, value in wanted.items()
            if getattr(before, name) != value
        ]
        if changes:
            row = {**wanted, "changed_at": now()}
            DriftPolicy.objects.update_or_create(deployment=deployment, defaults=row)
            target = f"deployment:{deployment.name}"
            audit.record(actor=actor, action="drift.policy_changed", target=target, changes="; ".join(changes))
    return policy_of(deployment)


def _told(value: Any) -> str:
    if value is None:
        return "never"
    return ("no", "yes")[value] if isinstance(value, bool) else f"{value:g}"
