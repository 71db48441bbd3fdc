"""Endpoints that nobody wants to be told at, or that fail for days, are switched off, and say why."""

import pytest

from apps.core.clock import now
from apps.core.models import AuditEntry, OutboxEvent
from apps.webhooks.models import Delivery
from apps.webhooks.rules.schedule import FAILING_FOR
from apps.webhooks.sending import Sender
from apps.webhooks.services import (
    attempt_record,
    deliveries_claim,
    endpoint_update,
)
from tests.webhooks.conftest import LOOPBACK, Hook, due
from tests.webhooks.receiver import Receiver
from tests.world import World
from workers.deliver import deliver_run

pytestmark = pytest.mark.django_db


def test_410_switches_the_endpoint_off_and_says_so(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(410, {})]
    hook.tell()
    deliver_run()
    assert Delivery.objects.get().state == "failed"
    assert "410" in hook.refreshed().disabled_reason
    assert not hook.endpoint.active
    assert AuditEntry.objects.filter(action="webhook.disabled").count() == 1
    told = OutboxEvent.objects.filter(name="webhooks.endpoint_changed").latest("pk").payload
    assert told == {"endpoint_id": hook.endpoint.pk, "active": False}


def test_an_endpoint_pointed_elsewhere_meanwhile_is_not_switched_off(
    hook: Hook, receiver: Receiver, world: World
) -> None:
    receiver.answers = [(410, {})]
    hook.tell()
    [claimed] = deliveries_claim(limit=1, each=1)
    endpoint_update(actor=world.ada, endpoint_id=hook.endpoint.pk, url=receiver.url + "/new")
    attempt_record(claimed=claimed, outcome=Sender([LOOPBACK])(claimed.url, claimed.headers, claimed.body))
    assert hook.refreshed().active


def test_days_of_failures_switch_the_endpoint_off(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(500, {})] * 2
    hook.tell()
    deliver_run()
    assert hook.refreshed().active
    type(hook.endpoint).objects.update(failing_since=now() - FAILING_FOR)
    due()
    deliver_run()
    assert not hook.refreshed().active
    assert "took nothing for 5 days" in hook.endpoint.disabled_reason


def test_what_it_takes_ends_the_days_of_failure(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    hook.tell()
    deliver_run()
    assert hook.refreshed().failing_since is not None
    due()
    deliver_run()
    assert hook.refreshed().failing_since is None


def test_an_endpoint_pointed_elsewhere_has_its_days_of_failure_before_it(
    hook: Hook, receiver: Receiver, world: World
) -> None:
    receiver.answers = [(503, {})]
    type(hook.endpoint).objects.update(failing_since=now() - FAILING_FOR)
    endpoint_update(actor=world.ada, endpoint_id=hook.endpoint.pk, url=receiver.url + "/new")
    hook.tell()
    deliver_run()
    assert hook.refreshed().active


def test_an_endpoint_that_is_off_is_told_when_it_is_on_again(hook: Hook, receiver: Receiver, world: World) -> None:
    endpoint_update(actor=world.ada, endpoint_id=hook.endpoint.pk, active=False)
    hook.tell()
    assert deliver_run() == 0
    endpoint_update(actor=world.ada, endpoint_id=hook.endpoint.pk, active=True)
    assert deliver_run() == 1
    assert len(receiver.received) == 1


def test_the_endpoints_of_people_who_have_left_are_told_nothing(hook: Hook, receiver: Receiver, world: World) -> None:
    hook.tell()
    type(world.ada).objects.filter(pk=world.ada.pk).update(is_active=False)
    assert deliver_run() == 0
