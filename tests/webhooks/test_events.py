"""Endpoints that ask for events by their type: each is told once, signed, whatever dies."""

import json
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import alert_raise, alert_resolve
from apps.webhooks.models import Attempt, Delivery, WebhookEndpoint
from apps.webhooks.rules.types import SUBSCRIBABLE
from apps.webhooks.sending import Sender
from apps.webhooks.services import deliveries_claim, endpoint_create, endpoint_update, event_publish
from tests.webhooks.conftest import LOOPBACK, Hook, due
from tests.webhooks.receiver import Receiver, receiving
from tests.world import World
from workers.deliver import deliver_run
from workers.relay import relay_run
from workers.routes import listeners

pytestmark = pytest.mark.django_db
BURNS = Finding(
    "availability", "digits burns", Severity.PAGE, "digits", "availability", "20 % failed.", "model", "Look."
)


@pytest.fixture
def wanting(world: World, receiver: Receiver) -> Hook:
    """Ada's endpoint, which wants to be told of alerts."""
    return Hook(*endpoint_create(actor=world.ada, name="alerts", url=receiver.url, events=SUBSCRIBABLE))


def raised() -> str:
    """An alert whose listeners were told; its id."""
    alert = alert_raise(finding=BURNS)
    relay_run()
    assert alert is not None
    return str(alert.pk)


def test_an_alert_is_told_when_it_is_raised_and_when_it_is_over(wanting: Hook, receiver: Receiver) -> None:
    alert = raised()
    alert_resolve(key=BURNS.key, why="It holds again.")
    relay_run()
    deliver_run()
    opened = [Webhook(wanting.secret).verify(post.body, post.headers) for post in receiver.received]
    told = {each["type"]: each["data"] for each in opened}
    assert told.keys() == {"alert.raised", "alert.resolved"}
    first = told["alert.raised"]
    assert (first["id"], first["severity"], first["deployment"]) == (alert, "page", "digits")
    assert (first["title"], first["text"], first["fault"]) == ("digits burns", "20 % failed.", "model")
    assert first["url"].endswith(f"/alerts/{alert}/")
    assert told["alert.resolved"]["resolution"] == "It holds again."


def test_one_that_did_not_ask_is_told_nothing(hook: Hook, receiver: Receiver) -> None:
    raised()
    deliver_run()
    assert receiver.received == []


def test_one_is_told_of_the_types_alone_that_it_asked_for(wanting: Hook, receiver: Receiver, world: World) -> None:
    endpoint_update(actor=world.ada, endpoint_id=wanting.endpoint.pk, events=["alert.resolved"])
    raised()
    alert_resolve(key=BURNS.key, why="It holds again.")
    relay_run()
    deliver_run()
    assert [json.loads(post.body)["type"] for post in receiver.received] == ["alert.resolved"]


def test_a_relay_that_dies_after_it_told_tells_again_and_nothing_is_sent_twice(
    wanting: Hook, receiver: Receiver
) -> None:
    raised()
    event = OutboxEvent.objects.get(name="monitoring.alert_told")
    for listener in listeners()[event.name]:
        listener(event_id=event.pk, **event.payload)
    deliver_run()
    assert len(receiver.received) == 1


def test_a_worker_that_dies_between_sending_and_writing_it_down_sends_under_the_same_id(
    wanting: Hook, receiver: Receiver
) -> None:
    raised()
    [dead] = deliveries_claim(limit=1, each=1)
    Sender([LOOPBACK])(dead.url, dead.headers, dead.body)
    due()
    deliver_run()
    first, second = receiver.ids()
    assert first == second == OutboxEvent.objects.get(name="monitoring.alert_told").payload["message"]


def test_one_that_is_switched_off_is_told_once_it_is_on_again(wanting: Hook, receiver: Receiver, world: World) -> None:
    endpoint_update(actor=world.ada, endpoint_id=wanting.endpoint.pk, active=False)
    raised()
    assert deliver_run() == 0
    endpoint_update(actor=world.ada, endpoint_id=wanting.endpoint.pk, active=True)
    assert deliver_run() == 1
    assert len(receiver.received) == 1


def test_of_people_who_have_left_no_endpoint_is_told(wanting: Hook, world: World) -> None:
    type(world.ada).objects.filter(pk=world.ada.pk).update(is_active=False)
    raised()
    assert not Delivery.objects.exists()


def test_an_endpoint_that_answers_410_is_an_alert_of_its_own_and_told_to_the_others(
    wanting: Hook, receiver: Receiver, world: World
) -> None:
    from apps.monitoring.services import alerts_watch

    with receiving() as gone:
        gone.answers = [(410, {})]
        endpoint_create(actor=world.ben, name="gone", url=gone.url, events=["alert.raised"])
        raised()
        deliver_run()
        assert alerts_watch()
        relay_run()
        due()
        deliver_run()
        assert len(gone.received) == 1
    titles = [json.loads(post.body)["data"]["title"] for post in receiver.received]
    assert titles == ["digits burns", "The webhook endpoint gone of ben was switched off"]


def test_one_that_redirects_to_an_inside_address_reaches_nothing_there(wanting: Hook, receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.answers = [(307, {"Location": inside.url})]
        raised()
        deliver_run()
        assert inside.received == []
    assert "redirects are not followed" in Attempt.objects.get().problem
    assert Delivery.objects.get().state == "waiting"


def test_one_that_hangs_costs_a_try_and_no_more_than_the_limit(wanting: Hook, receiver: Receiver) -> None:
    receiver.gate.clear()
    raised()
    assert deliver_run(Sender([LOOPBACK], whole=0.3)) == 1
    receiver.gate.set()
    assert Attempt.objects.get().problem == "No answer came in time."
    assert Delivery.objects.get().state == "waiting"


def test_a_type_that_there_is_not_is_refused_in_words(world: World) -> None:
    client = world.client(world.ada)
    asked: dict[str, Any] = {
        "name": "ci",
        "url": "https://hooks.example.org/",
        "events": ["alert.raised", "alert.rised"],
    }
    refused = client.post("/api/v1/webhooks", asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_events")
    assert "alert.rised" in refused.json()["error"]["message"]
    made = client.post("/api/v1/webhooks", asked | {"events": ["alert.raised"]}).json()
    assert made["events"] == ["alert.raised"]
    changed = client.patch(f"/api/v1/webhooks/{made['id']}", {"events": []}).json()
    assert changed["events"] == []
    assert WebhookEndpoint.objects.get().events == []


def test_the_same_message_twice_keeps_the_words_of_the_first_time(wanting: Hook) -> None:
    for text in ("first", "second"):
        event_publish(message_id="msg_1", event_type="alert.raised", at=now(), data={"text": text})
    assert json.loads(Delivery.objects.get().body)["data"] == {"text": "first"}
