"""Endpoints over REST: one's own, their secret shown once, their deliveries to be seen and sent again."""

from typing import Any

import pytest
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook

from apps.core.models import AuditEntry
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.services import deliveries_claim, endpoints
from tests.webhooks.conftest import Hook
from tests.webhooks.receiver import Receiver
from tests.world import World
from workers.deliver import deliver_run

URL = "https://hooks.example.org/quartet?token=hidden"
ALL = "/api/v1/webhooks"


def make(client: APIClient, **changes: Any) -> Any:
    return client.post(ALL, {"name": "ci", "url": URL} | changes)


def test_the_secret_is_shown_when_it_is_made_and_never_again(world: World) -> None:
    client = world.client(world.ada)
    made = make(client)
    assert made.status_code == 201
    Webhook(made.json()["secret"])
    for again in (client.get(ALL), client.get(f"{ALL}/{made.json()['id']}")):
        assert "whsec_" not in again.content.decode()


def test_a_rotated_secret_is_another_and_shown_once(world: World) -> None:
    client = world.client(world.ada)
    made = make(client).json()
    rotated = client.post(f"{ALL}/{made['id']}/rotate-secret", {"keep_s": 60}).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_until"] is not None


def test_secrets_and_whole_addresses_are_in_no_audit_entry(world: World) -> None:
    client = world.client(world.ada)
    made = make(client).json()
    client.patch(f"{ALL}/{made['id']}", {"url": URL + "2"})
    client.post(f"{ALL}/{made['id']}/rotate-secret")
    trail = str(list(AuditEntry.objects.values()))
    assert "hooks.example.org" in trail
    assert "whsec_" not in trail
    assert "hidden" not in trail


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/", "ftp://example.org/"]
)
def test_an_address_that_is_not_sent_to_is_refused_in_words(world: World, url: str) -> None:
    refused = make(world.client(world.ada), url=url)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unfit_address")
    made = make(world.client(world.ada)).json()
    assert world.client(world.ada).patch(f"{ALL}/{made['id']}", {"url": url}).status_code == 400


def test_a_name_is_there_once_an_owner(world: World) -> None:
    assert make(world.client(world.ada)).status_code == 201
    assert make(world.client(world.ada)).json()["error"]["code"] == "endpoint_name_taken"
    assert make(world.client(world.ben)).status_code == 201
    other = make(world.client(world.ada), name="other").json()
    renamed = world.client(world.ada).patch(f"{ALL}/{other['id']}", {"name": "ci"})
    assert renamed.json()["error"]["code"] == "endpoint_name_taken"


def test_nobody_makes_them_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 1)
    make(world.client(world.ada))
    assert make(world.client(world.ada), name="two").json()["error"]["code"] == "too_many_endpoints"


def test_anothers_endpoint_is_out_of_reach(world: World, hook: Hook) -> None:
    delivery = hook.tell()
    ben, one = world.client(world.ben), f"{ALL}/{hook.endpoint.pk}"
    assert ben.get(ALL).json()["results"] == []
    answers = [
        ben.get(one),
        ben.patch(one, {"active": False}),
        ben.delete(one),
        ben.post(f"{one}/rotate-secret"),
        ben.post(f"{one}/ping"),
        ben.get(f"{one}/deliveries"),
        ben.get(f"{one}/deliveries/{delivery.pk}"),
        ben.post(f"{one}/deliveries/{delivery.pk}/redeliver"),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_a_key_changes_them_with_the_scope_for_it_only(world: World) -> None:
    reads, writes = (
        APIClient(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ada, *scopes)}")
        for scopes in (("read", "infer"), ("read", "webhooks:write"))
    )
    assert make(reads).status_code == 403
    assert make(writes).status_code == 201
    assert len(reads.get(ALL).json()["results"]) == 1


def test_one_that_was_switched_off_begins_anew_when_it_is_set_active(world: World, hook: Hook) -> None:
    WebhookEndpoint.objects.update(active=False, disabled_reason="It answered 410.")
    on = world.client(world.ada).patch(f"{ALL}/{hook.endpoint.pk}", {"active": True}).json()
    assert (on["active"], on["disabled_reason"], on["failing_since"]) == (True, "", None)


def test_deleting_takes_its_deliveries_along(world: World, hook: Hook) -> None:
    hook.tell()
    client = world.client(world.ada)
    assert client.delete(f"{ALL}/{hook.endpoint.pk}").status_code == 204
    assert client.get(f"{ALL}/{hook.endpoint.pk}").status_code == 404


def test_a_ping_shows_what_came_of_it(world: World, hook: Hook, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    client, one = world.client(world.ada), f"{ALL}/{hook.endpoint.pk}"
    ping = client.post(f"{one}/ping")
    assert (ping.status_code, ping.json()["state"]) == (202, "waiting")
    deliver_run()
    shown = client.get(f"{one}/deliveries/{ping.json()['id']}").json()
    assert shown["attempts"][0]["status"] == 500
    assert shown["next_attempt_at"] is not None


def test_an_endpoint_that_is_off_is_not_pinged(world: World, hook: Hook) -> None:
    WebhookEndpoint.objects.update(active=False)
    refused = world.client(world.ada).post(f"{ALL}/{hook.endpoint.pk}/ping")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "endpoint_inactive")


def test_a_delivery_is_asked_for_again(world: World, hook: Hook, receiver: Receiver) -> None:
    delivery = hook.tell("msg_1")
    deliver_run()
    again = world.client(world.ada).post(f"{ALL}/{hook.endpoint.pk}/deliveries/{delivery.pk}/redeliver")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    deliver_run()
    assert receiver.ids() == ["msg_1", "msg_1"]


def test_a_delivery_is_not_asked_for_again_while_it_is_sent(world: World, hook: Hook) -> None:
    delivery = hook.tell()
    deliveries_claim(limit=1, each=1)
    again = world.client(world.ada).post(f"{ALL}/{hook.endpoint.pk}/deliveries/{delivery.pk}/redeliver")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "delivery_under_way")
