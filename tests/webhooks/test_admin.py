"""Endpoints and deliveries in the admin: to read, without secrets, and to send again."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver
from tests.world import World
from workers.deliver import deliver_run


@pytest.fixture
def root(world: World, client: Client) -> Client:
    """Somebody who may see everything."""
    type(world.ben).objects.filter(pk=world.ben.pk).update(is_superuser=True, is_staff=True)
    client.force_login(world.ben)
    return client


def test_secrets_are_on_no_page(root: Client, hook: Hook) -> None:
    pages = [
        reverse("admin:webhooks_webhookendpoint_changelist"),
        reverse("admin:webhooks_webhookendpoint_change", args=[hook.endpoint.pk]),
    ]
    for page in map(root.get, pages):
        text = page.content.decode()
        assert page.status_code == 200
        assert hook.endpoint.url in text
        assert hook.secret not in text


def test_a_delivery_shows_its_tries(root: Client, hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(302, {"Location": "/elsewhere"})]
    delivery = hook.tell()
    deliver_run()
    page = root.get(reverse("admin:webhooks_delivery_change", args=[delivery.pk]))
    assert "redirects are not followed" in page.content.decode()


def test_chosen_deliveries_are_sent_again(root: Client, hook: Hook, receiver: Receiver) -> None:
    delivery = hook.tell("msg_1")
    deliver_run()
    chosen = {"action": "redeliver", "_selected_action": [str(delivery.pk)]}
    root.post(reverse("admin:webhooks_delivery_changelist"), chosen)
    deliver_run()
    assert receiver.ids() == ["msg_1", "msg_1"]
