"""The only door to endpoints and deliveries: whoever made an endpoint may see and change it, and a superuser."""

from uuid import UUID

from django.db.models import QuerySet

from apps.core.errors import NotFound
from apps.core.models import User
from apps.webhooks.models import Delivery, WebhookEndpoint


def endpoints_of(actor: User) -> QuerySet[WebhookEndpoint]:
    """The endpoints that `actor` may see: their own, or everybody's for a superuser."""
    endpoints = WebhookEndpoint.objects.select_related("owner")
    return endpoints if actor.is_superuser else endpoints.filter(owner=actor)


def endpoint_for(actor: User, endpoint_id: int) -> WebhookEndpoint:
    """The endpoint with this id; another's is NotFound, as if it were not there."""
    endpoint = endpoints_of(actor).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound(f"You have no webhook endpoint {endpoint_id}.")
    return endpoint


def delivery_for(actor: User, endpoint_id: int, delivery_id: UUID) -> Delivery:
    """One delivery to an endpoint of the actor's."""
    delivery = Delivery.objects.filter(endpoint=endpoint_for(actor, endpoint_id), pk=delivery_id).first()
    if delivery is None:
        raise NotFound(f"The webhook endpoint {endpoint_id} has no delivery {delivery_id}.")
    return delivery
