"""Saying when and with what a deployment's model learns anew."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.datasets.models import DatasetVersion
from apps.deployments.models import Deployment
from apps.deployments.rules import spec as deployment_rules
from apps.training import access
from apps.training.errors import BadRetrainPolicy
from apps.training.events import RetrainPolicyRemoved
from apps.training.models import RetrainPolicy
from apps.training.rules import retraining as rules
from apps.training.services.jobs import request_checked
from apps.training.services.triggers import pending_end


def retrain_policy_set(
    *,
    actor: User,
    deployment: Deployment,
    base: Sequence[DatasetVersion] = (),
    measured_on: Sequence[DatasetVersion] = (),
    **given: Any,
) -> RetrainPolicy:
    """Make the policy this, in the name of `actor`; what is not given is as by default.

    `base` is what is learned from and `measured_on` what is measured with, besides what was met. Raises Forbidden where
    the actor could not do what the policy does, BadRetrainPolicy, UnknownRecipe, BadParameters or BadSpec.
    """
    access.retrainer(actor, deployment.name)
    wanted = _checked(given, base, measured_on)
    with transaction.atomic():
        Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk)  # two changes are told one by one
        before = RetrainPolicy.objects.filter(deployment=deployment).first()
        told = {name: value for name, value in wanted.items() if before is None or getattr(before, name) != value}
        row = {**wanted, "set_by": actor, "changed_at": now()}
        policy, _ = RetrainPolicy.objects.update_or_create(deployment=deployment, defaults=row)
        policy.base.set(base)
        policy.measured_on.set(measured_on)
        audit.record(
            actor=actor,
            action="retraining.policy_set",
            target=f"deployment:{deployment.name}",
            base=[str(each) for each in base],
            measured_on=[str(each) for each in measured_on],
            changes=told,
        )
    return access.policy_for(actor, deployment.name)


def retrain_policy_remove(*, actor: User, policy: RetrainPolicy) -> None:
    """Nothing calls for retraining any more, and what waited for labels is given up. A job on its way goes on."""
    deployment = access.retrainer(actor, policy.deployment.name)
    with transaction.atomic():
        Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk)
        RetrainPolicy.objects.filter(pk=policy.pk).delete()
        why = f"{actor.get_username()} took the policy away."
        pending_end(deployment=deployment, why=why)
        outbox.emit(RetrainPolicyRemoved(deployment.name, why))
        audit.record(actor=actor, action="retraining.policy_removed", target=f"deployment:{deployment.name}")


def _checked(
    given: dict[str, Any], base: Sequence[DatasetVersion], measured_on: Sequence[DatasetVersion]
) -> dict[str, Any]:
    wanted = rules.checked(given)
    request_checked(wanted["recipe"], wanted["parameters"], wanted["seed"], wanted["device"], wanted["limit"])
    if wanted["strategy"] not in deployment_rules.STRATEGIES:
        raise BadRetrainPolicy(
            f"strategy is '{wanted['strategy']}'; use one of {', '.join(deployment_rules.STRATEGIES)}."
        )
    plans = deployment_rules.planned(wanted["strategy"], wanted["canary"], wanted["shadow"])
    wanted |= rules.widened(plans, wanted)
    if same := {each.digest for each in base} & {each.digest for each in measured_on}:
        name = next(str(each) for each in base if each.digest in same)
        raise BadRetrainPolicy(f"{name} is in base and in measured_on; measure with what is not trained on.")
    return wanted
