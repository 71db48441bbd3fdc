"""Saying what a candidate of a model must show."""

from typing import Any

from django.db import transaction

from apps.core import audit
from apps.core.models import User
from apps.registry.models import RegisteredModel
from apps.training import access
from apps.training.errors import BadPolicy
from apps.training.models import GatePolicy
from apps.training.rules.evaluation import clauses_fault


def gates_set(*, actor: User, model: RegisteredModel, clauses: list[dict[str, Any]]) -> GatePolicy:
    """Make these the model's gates, from the next evaluation on; the trail says it as of a change in the admin.

    Raises Forbidden or BadPolicy.
    """
    if fault := clauses_fault(clauses):
        raise BadPolicy(fault)
    with transaction.atomic():
        RegisteredModel.objects.select_for_update(no_key=True).get(pk=model.pk)  # two changes are told one by one
        access.gates_to_set(actor, model.name)
        before = GatePolicy.objects.filter(model=model).first()
        policy, _ = GatePolicy.objects.update_or_create(model=model, defaults={"clauses": clauses})
        if before is None:
            _tell(actor, policy, "created", f"model: {model}; clauses: {clauses}")
        elif before.clauses != clauses:
            _tell(actor, policy, "changed", f"clauses: {before.clauses} → {clauses}")
    return policy


def _tell(actor: User, policy: GatePolicy, did: str, changes: str) -> None:
    audit.record(actor=actor, action=f"gatepolicy.{did}", target=f"gatepolicy:{policy}", changes=changes)
