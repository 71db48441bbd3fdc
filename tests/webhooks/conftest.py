"""Endpoints on this machine, which the operator allows, and what is sent to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from apps.core.clock import now
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.services import delivery_add, endpoint_create
from tests.webhooks.receiver import Receiver, receiving
from tests.world import World

LOOPBACK = ip_network("127.0.0.0/8")


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.QUARTET_WEBHOOK_ALLOW = [LOOPBACK]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@dataclass
class Hook:
    """Ada's endpoint with its first secret."""

    endpoint: WebhookEndpoint
    secret: str
    told: int = 0

    def tell(self, message_id: str = "", **data: Any) -> Delivery:
        """Something to be delivered."""
        self.told += 1
        delivery = delivery_add(
            endpoint_id=self.endpoint.pk,
            owner_id=self.endpoint.owner_id,
            message_id=message_id or f"msg_{self.told}",
            event_type="tests.happened",
            at=now(),
            data=data,
        )
        assert delivery is not None
        return delivery

    def refreshed(self) -> WebhookEndpoint:
        self.endpoint.refresh_from_db()
        return self.endpoint


@pytest.fixture
def hook(world: World, receiver: Receiver) -> Hook:
    return Hook(*endpoint_create(actor=world.ada, name="ci", url=receiver.url))


def due() -> None:
    """Let the pauses and leases of all deliveries pass."""
    Delivery.objects.update(due_at=now() - timedelta(seconds=1))
