"""The only door to objectives, alerts and subscriptions: fetching one and checking the right to it are one act."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.errors import NotFound
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.access import OPERATE, deployment_for
from apps.deployments.models import Deployment
from apps.inference.access import deployment_allowed
from apps.monitoring.models import Alert, AlertMail, Objective, Subscription


def deployment_to_promise(actor: User, allowed: Sequence[str], name: str) -> Deployment:
    """The deployment called `name`, for somebody who may set its objectives; a key for its deployments only."""
    require(actor, OPERATE, "set objectives")
    if refusal := deployment_allowed(allowed, name):
        raise refusal
    return deployment_for(actor, name)


def objective_for(deployment: Deployment, objective_id: int) -> Objective:
    """One objective of a deployment that the caller has been let to."""
    found = Objective.objects.filter(deployment=deployment, pk=objective_id).select_related("deployment").first()
    if found is None:
        raise NotFound(f"Deployment '{deployment.name}' has no objective {objective_id}.")
    return found


def alerts_for(allowed: Sequence[str], alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Those that a key for the `allowed` deployments (empty for every one) may see; anybody signed in sees all."""
    return alerts.filter(Q(deployment__in=allowed)) if allowed else alerts


def alert_for(allowed: Sequence[str], alert_id: UUID) -> Alert:
    """The alert with this id, to read. One that is only suspected is not there yet."""
    raised = Alert.objects.exclude(raised_at=None).select_related("acknowledged_by")
    found = alerts_for(allowed, raised).filter(pk=alert_id).first()
    if found is None:
        raise NotFound(f"There is no alert {alert_id}.")
    return found


def alert_to_acknowledge(actor: User, allowed: Sequence[str], alert_id: UUID) -> Alert:
    """The same for somebody who may say that they see to it."""
    require(actor, OPERATE, "acknowledge alerts")
    return alert_for(allowed, alert_id)


def subscriptions_of(actor: User) -> QuerySet[Subscription]:
    """The actor's own."""
    return Subscription.objects.filter(user=actor)


def subscription_for(actor: User, subscription_id: int) -> Subscription:
    """One of the actor's own."""
    found = subscriptions_of(actor).filter(pk=subscription_id).first()
    if found is None:
        raise NotFound(f"You have no subscription {subscription_id}.")
    return found


def mails_for(actor: User) -> QuerySet[AlertMail]:
    """The actor's own mails, or everybody's for a superuser, with their tries."""
    mails = AlertMail.objects.select_related("user").prefetch_related("log")
    return mails if actor.is_superuser else mails.filter(user=actor)


def mail_for(actor: User, mail_id: UUID) -> AlertMail:
    """One of them."""
    found = mails_for(actor).filter(pk=mail_id).first()
    if found is None:
        raise NotFound(f"You have no mail {mail_id}.")
    return found
