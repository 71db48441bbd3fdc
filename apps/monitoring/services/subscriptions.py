"""Who is sent alerts by mail: each person decides for themselves, and for nobody else's address."""

from django.db import IntegrityError, transaction

from apps.core import audit
from apps.core.models import User
from apps.deployments.access import deployment_for
from apps.monitoring.errors import NoAddress, SubscriptionTaken
from apps.monitoring.models import Subscription
from apps.monitoring.rules.findings import Severity


def subscription_create(*, actor: User, deployment: str = "", severity: str = Severity.TICKET) -> Subscription:
    """Have the actor sent alerts of one deployment, or of all where it is empty, from `severity` on."""
    if not actor.email:
        raise NoAddress(f"The account {actor.get_username()} has no e-mail address.")
    if deployment:
        deployment_for(actor, deployment)
    try:
        with transaction.atomic():
            made = Subscription.objects.create(user=actor, deployment=deployment, severity=severity)
            _record(actor, made, "subscription.created")
    except IntegrityError as error:
        raise SubscriptionTaken(f"You are sent alerts of {_of(deployment)} already.") from error
    return made


def subscription_update(*, actor: User, subscription: Subscription, severity: str) -> Subscription:
    """Have them from another severity on."""
    if subscription.severity != severity:
        with transaction.atomic():
            subscription.severity = severity
            subscription.save(update_fields=["severity"])
            _record(actor, subscription, "subscription.changed")
    return subscription


def subscription_delete(*, actor: User, subscription: Subscription) -> None:
    """Have no more of them sent."""
    with transaction.atomic():
        _record(actor, subscription, "subscription.deleted")
        subscription.delete()


def _record(actor: User, subscription: Subscription, action: str) -> None:
    which = "pages" if subscription.severity == Severity.PAGE else "alerts"
    audit.record(actor=actor, action=action, target=f"user:{actor}", what=f"{which} of {_of(subscription.deployment)}")


def _of(deployment: str) -> str:
    return deployment or "every deployment"
