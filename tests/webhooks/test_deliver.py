"""Deliveries over real connections: told at least once, tried again for days, and nobody waits for somebody slow."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from standardwebhooks.webhooks import Webhook

from apps.core.clock import now
from apps.webhooks.models import Attempt, Delivery
from apps.webhooks.rules.schedule import MOST_TRIES
from apps.webhooks.sending import Sender
from apps.webhooks.services import (
    attempt_record,
    deliveries_claim,
    deliveries_expire,
    delivery_add,
    delivery_redeliver,
    endpoint_create,
    endpoint_delete,
    endpoint_ping,
    secret_rotate,
)
from tests.serving.processes import until
from tests.webhooks.conftest import LOOPBACK, Hook, due
from tests.webhooks.receiver import Receiver, receiving
from tests.world import World
from workers import deliver, housekeeping
from workers.deliver import deliver_run

pytestmark = pytest.mark.django_db


def test_the_endpoint_is_told_and_its_own_library_opens_it(hook: Hook, receiver: Receiver) -> None:
    hook.tell(answer=42)
    assert deliver_run() == 1
    [post] = receiver.received
    told = Webhook(hook.secret).verify(post.body, post.headers)
    assert (told["type"], told["data"]) == ("tests.happened", {"answer": 42})
    assert Delivery.objects.get().state == "delivered"


def test_the_same_message_twice_is_told_once(hook: Hook, receiver: Receiver) -> None:
    hook.tell("msg_same")
    hook.tell("msg_same")
    deliver_run()
    assert receiver.ids() == ["msg_same"]


def test_what_is_told_to_an_endpoint_that_is_gone_is_dropped(hook: Hook, world: World) -> None:
    endpoint_delete(actor=world.ada, endpoint_id=hook.endpoint.pk)
    about = {"message_id": "msg_1", "event_type": "tests.happened", "at": now(), "data": {}}
    assert delivery_add(endpoint_id=hook.endpoint.pk, owner_id=world.ada.pk, **about) is None


def test_nothing_is_told_to_an_endpoint_of_somebody_else(hook: Hook, world: World) -> None:
    about = {"message_id": "msg_1", "event_type": "tests.happened", "at": now(), "data": {}}
    assert delivery_add(endpoint_id=hook.endpoint.pk, owner_id=world.ben.pk, **about) is None
    assert delivery_add(endpoint_id=hook.endpoint.pk, owner_id=None, **about) is None


def test_a_failure_is_tried_again_after_a_pause_with_the_same_id_and_body(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    hook.tell("msg_1")
    assert deliver_run() == 1
    assert deliver_run() == 0
    assert Delivery.objects.get().due_at > now()
    due()
    assert deliver_run() == 1
    assert receiver.ids() == ["msg_1", "msg_1"]
    assert receiver.received[0].body == receiver.received[1].body
    for post in receiver.received:
        Webhook(hook.secret).verify(post.body, post.headers)


def test_every_try_is_in_the_log(hook: Hook, receiver: Receiver) -> None:
    receiver.answers, receiver.body = [(500, {})], b"out of \0 order"
    hook.tell()
    deliver_run()
    due()
    deliver_run()
    first, second = Attempt.objects.all()
    assert (first.status, first.answer) == (500, "out of � order")
    assert "500" in first.problem
    assert (second.status, second.problem) == (204, "")


def test_after_days_of_failures_a_delivery_is_given_up(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(500, {})] * MOST_TRIES
    hook.tell()
    for _ in range(MOST_TRIES):
        due()
        assert deliver_run() == 1
    due()
    assert deliver_run() == 0
    assert Delivery.objects.get().state == "failed"


def test_an_endpoint_that_asks_to_be_left_alone_is(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "7200"})]
    hook.tell()
    deliver_run()
    assert Delivery.objects.get().due_at > now() + timedelta(minutes=110)


def test_a_redirect_to_this_machine_is_a_failure_in_words(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(302, {"Location": "http://127.0.0.1/"})]
    hook.tell()
    deliver_run()
    assert "redirects are not followed" in Attempt.objects.get().problem
    assert len(receiver.received) == 1


def test_while_a_secret_is_rotated_both_open_it_and_then_only_the_new_one(
    hook: Hook, receiver: Receiver, world: World
) -> None:
    _, new = secret_rotate(actor=world.ada, endpoint_id=hook.endpoint.pk)
    hook.tell()
    deliver_run()
    type(hook.endpoint).objects.update(previous_until=now())
    hook.tell()
    deliver_run()
    during, after = receiver.received
    for secret in (hook.secret, new):
        Webhook(secret).verify(during.body, during.headers)
    Webhook(new).verify(after.body, after.headers)
    assert len(after.headers["webhook-signature"].split(" ")) == 1


def test_what_a_killed_process_was_sending_is_sent_again_under_the_same_id(hook: Hook, receiver: Receiver) -> None:
    hook.tell("msg_1")
    [dead] = deliveries_claim(limit=1, each=1)  # a process that dies once it has sent
    Sender([LOOPBACK])(dead.url, dead.headers, dead.body)
    assert deliver_run() == 0
    due()
    assert deliver_run() == 1
    assert receiver.ids() == ["msg_1", "msg_1"]


def test_only_the_latest_claim_counts(hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    hook.tell()
    [late] = deliveries_claim(limit=1, each=1)
    outcome = Sender([LOOPBACK])(late.url, late.headers, late.body)
    due()
    deliver_run()
    attempt_record(claimed=late, outcome=outcome)
    assert (Delivery.objects.get().state, Attempt.objects.count()) == ("delivered", 1)


def test_what_was_delivered_is_sent_again_by_hand_under_the_same_id(
    hook: Hook, receiver: Receiver, world: World
) -> None:
    delivery = hook.tell("msg_1")
    deliver_run()
    delivery_redeliver(actor=world.ada, endpoint_id=hook.endpoint.pk, delivery_id=delivery.pk)
    deliver_run()
    assert receiver.ids() == ["msg_1", "msg_1"]
    assert Delivery.objects.get().state == "delivered"


def test_a_ping_is_told_like_everything_else(hook: Hook, receiver: Receiver, world: World) -> None:
    endpoint_ping(actor=world.ada, endpoint_id=hook.endpoint.pk)
    deliver_run()
    assert json.loads(receiver.received[0].body)["type"] == "webhooks.ping"


def test_endpoints_that_hang_do_not_hold_up_the_others(hook: Hook, receiver: Receiver, world: World) -> None:
    with receiving() as hanging:
        hanging.gate.clear()
        slow = Hook(*endpoint_create(actor=world.ada, name="slow", url=hanging.url))
        for _ in range(deliver.AT_ONCE + deliver.EACH):
            slow.tell()
        due()
        hook.tell("msg_quick")
        told = threading.Thread(
            target=lambda: (until(lambda: receiver.received, "the receiver to be told"), hanging.gate.set())
        )
        told.start()  # opens the gate once the other endpoint was told
        deliver_run(Sender([LOOPBACK], whole=60))
        told.join()
    assert receiver.ids() == ["msg_quick"]
    assert Delivery.objects.filter(state="delivered").count() == deliver.AT_ONCE + deliver.EACH + 1


def test_one_endpoint_gets_a_few_at_a_time(hook: Hook) -> None:
    for _ in range(10):
        hook.tell()
    assert len(deliveries_claim(limit=10, each=4)) == 4
    assert deliveries_claim(limit=10, each=4, without=[hook.endpoint.pk]) == []


def test_a_run_leaves_the_work_to_the_one_that_is_under_way(hook: Hook, receiver: Receiver) -> None:
    receiver.gate.clear()
    hook.tell()
    seen: list[int] = []

    def second() -> None:
        until(lambda: receiver.received, "the receiver to be told")
        seen.append(deliver_run())
        receiver.gate.set()

    other = threading.Thread(target=second)
    other.start()
    assert deliver_run() == 1
    other.join()
    assert seen == [0]


def test_old_deliveries_go_and_later_ones_stay(hook: Hook) -> None:
    old, _ = hook.tell(), hook.tell("msg_new")
    Delivery.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=31))
    assert deliveries_expire in housekeeping.STEPS
    housekeeping.tidy()
    assert [each.message_id for each in Delivery.objects.all()] == ["msg_new"]


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_send_each_delivery_once(hook: Hook, receiver: Receiver) -> None:
    for _ in range(20):
        hook.tell()
    taken: list[Any] = []

    def claim() -> None:
        try:
            while found := deliveries_claim(limit=3, each=3):
                taken.extend(found)
        finally:
            connection.close()

    claimers = [threading.Thread(target=claim) for _ in range(4)]
    for each in claimers:
        each.start()
    for each in claimers:
        each.join()
    ids = [each.delivery_id for each in taken]
    assert len(ids) == len(set(ids)) == 20
