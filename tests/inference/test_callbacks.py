"""News of finished requests becomes deliveries: each once, to the caller's own endpoint, whatever dies meanwhile."""

import json
import threading
from typing import Any

import pytest
from redis import Redis

from apps.core.models import User
from apps.inference.errors import MalformedNews
from apps.inference.models import ApiKey
from apps.inference.rules import finished
from apps.inference.services import callbacks_add, key_create
from apps.webhooks.models import Delivery, WebhookEndpoint
from apps.webhooks.services import endpoint_create, endpoint_update
from tests.world import World
from workers import stream_reader
from workers.ingest import Ingest, readers
from workers.relay import relay_run
from workers.serving.later import news
from workers.serving.later.shelf import Answer, Order
from workers.serving.names import FINISHED
from workers.stream_reader import GROUP


@pytest.fixture
def key(world: World) -> ApiKey:
    return key_create(actor=world.ada, name="app", scopes=["infer"])[0]


def endpoint_of(user: User) -> WebhookEndpoint:
    return endpoint_create(actor=user, name="ci", url="https://hooks.example.org/")[0]


def told(key: ApiKey, endpoint: WebhookEndpoint, identifier: str = "req_a-b_c", status: int = 200) -> bytes:
    """What a gateway writes."""
    order = Order(key.pk, "digits", None, {}, 1.0, 2.0, endpoint.pk)
    body = b'{"error": "It failed.", "code": "model_failed"}' if status >= 400 else b"\x00binary"
    return news.answered(identifier, order, Answer(status, [], 1_790_000_000.5), body)


def ingest(valkey: Redis, name: str = "one") -> Ingest:
    return Ingest(*readers(valkey, name), lambda: None, threading.Event())


def turns(loop: Ingest) -> None:
    """The first turn on an empty Valkey makes the groups; news come from the second."""
    loop.turn()
    loop.turn()


def test_the_callers_endpoint_is_told_how_it_ended_and_where_the_answer_is(world: World, key: ApiKey) -> None:
    callbacks_add(news=[finished(told(key, endpoint_of(world.ada)))])
    delivery = Delivery.objects.get()
    assert delivery.message_id == "msg_a-b_c"
    assert json.loads(delivery.body) == {
        "type": "inference.request_finished",
        "timestamp": "2026-09-21T14:13:20.500Z",
        "data": {
            "id": "req_a-b_c",
            "deployment": "digits",
            "status": "done",
            "http_status": 200,
            "error": None,
            "result_url": "/v2/requests/req_a-b_c/result",
            "finished_at": "2026-09-21T14:13:20.500Z",
        },
    }


def test_a_failure_is_told_with_its_error(world: World, key: ApiKey) -> None:
    callbacks_add(news=[finished(told(key, endpoint_of(world.ada), status=500))])
    data = json.loads(Delivery.objects.get().body)["data"]
    assert (data["status"], data["error"]) == ("failed", {"code": "model_failed", "message": "It failed."})


def test_another_persons_endpoint_is_not_told(world: World, key: ApiKey) -> None:
    callbacks_add(news=[finished(told(key, endpoint_of(world.ben)))])
    assert not Delivery.objects.exists()


def test_what_gateways_write_is_written_down_and_gone_from_the_stream(world: World, key: ApiKey, valkey: Redis) -> None:
    endpoint = endpoint_of(world.ada)
    for identifier in ("req_1", "req_2", "req_1"):
        valkey.xadd(FINISHED, {"m": told(key, endpoint, identifier)})
    turns(ingest(valkey))
    assert sorted(Delivery.objects.values_list("message_id", flat=True)) == ["msg_1", "msg_2"]
    assert valkey.xlen(FINISHED) == 0


@pytest.mark.parametrize("writes_first", [False, True])
def test_news_of_an_ingest_that_died_are_written_down_once_by_the_next(
    world: World, key: ApiKey, valkey: Redis, monkeypatch: pytest.MonkeyPatch, writes_first: bool
) -> None:
    monkeypatch.setattr(stream_reader, "_ABANDONED_MS", 0)
    _, dead = readers(valkey, "dead")
    dead.news(None)
    valkey.xadd(FINISHED, {"m": told(key, endpoint_of(world.ada))})
    taken = dead.news(None)
    if writes_first:
        callbacks_add(news=[finished(each.body) for each in taken])
    turns(ingest(valkey, "heir"))
    pending: Any = valkey.xpending(FINISHED, GROUP)
    assert (Delivery.objects.count(), pending["pending"], valkey.xlen(FINISHED)) == (1, 0, 0)


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"id": "req_a.b"}', b"[1]"])
def test_news_that_cannot_be_read_does_not_stop_what_is_behind_it(
    world: World, key: ApiKey, valkey: Redis, raw: bytes
) -> None:
    with pytest.raises(MalformedNews):
        finished(raw)
    valkey.xadd(FINISHED, {"m": raw})
    valkey.xadd(FINISHED, {"m": told(key, endpoint_of(world.ada))})
    turns(ingest(valkey))
    assert Delivery.objects.count() == 1


def test_gateways_know_for_each_key_the_active_endpoints_of_its_owner(world: World, key: ApiKey, valkey: Redis) -> None:
    mine, _ = endpoint_of(world.ada), endpoint_of(world.ben)
    relay_run()
    assert callbacks(valkey) == {"ci": mine.pk}
    endpoint_update(actor=world.ada, endpoint_id=mine.pk, active=False)
    relay_run()
    assert callbacks(valkey) == {}


def callbacks(valkey: Redis) -> dict[str, int]:
    [published] = json.loads(valkey.get("quartet:routing"))["keys"]  # type: ignore[arg-type]
    return published["callbacks"]
