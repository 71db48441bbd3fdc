"""The websocket: who may follow what, and what arrives; over the real channel layer."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from redis import Redis

from apps.console import consumers
from apps.console.pulse import pulses, pulses_send
from apps.core.models import User
from tests.console.tab import Tab
from tests.deployments.makers import make_deployment
from tests.world import World
from workers.ingest import is_followed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(world: World) -> User:
    make_deployment(world)
    return world.ada


async def _send_pulses() -> None:
    await pulses_send(await sync_to_async(pulses)())


async def test_a_page_receives_the_pulses_of_what_it_follows(ada: User, valkey: Redis) -> None:
    tab = await (await Tab.of(ada)).follow("deployment.digits")
    await _send_pulses()
    pulse = await tab.hear()
    assert pulse["topic"] == "deployment.digits"
    assert pulse["figures"]["digits.rate"] == "—"
    assert await tab.receive_nothing(), "the fleet's pulse is not for this page"
    await tab.leave()


async def test_a_pulse_reaches_every_page(ada: User, world: World, valkey: Redis) -> None:
    tabs = [await (await Tab.of(user)).follow("fleet") for user in (ada, world.cy)]
    await _send_pulses()
    assert [(await tab.hear())["topic"] for tab in tabs] == ["fleet", "fleet"]
    for tab in tabs:
        await tab.leave()


async def test_nobody_signed_in_is_sent_away(ada: User) -> None:
    tab = await Tab.of(AnonymousUser())
    await tab.connect()
    assert (await tab.receive_output())["code"] == consumers.NOT_SIGNED_IN


async def test_a_page_of_another_site_cannot_connect(ada: User) -> None:
    tab = await Tab.of(ada, origin="https://evil.example")
    assert await tab.connect() == "websocket.close"


async def test_signing_out_ends_the_pulses(ada: User, valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "_SESSION_CHECK_EVERY", 0)
    tab = await (await Tab.of(ada)).follow("fleet")
    await sync_to_async(Session.objects.all().delete)()
    await _send_pulses()
    assert (await tab.receive_output())["code"] == consumers.NOT_SIGNED_IN


@pytest.mark.parametrize("topic", ["deployment.nobody", "nonsense", "", "deployment."])
async def test_a_topic_that_is_not_there_is_refused_and_the_socket_stays(topic: str, ada: User) -> None:
    tab = await Tab.of(ada)
    await tab.connect()
    await tab.say(json.dumps({"subscribe": topic}))
    assert (await tab.hear())["error"]["code"] == "not_found"
    await tab.say(json.dumps({"subscribe": "fleet"}))
    assert await tab.hear() == {"subscribed": "fleet"}
    await tab.leave()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"fleet"', '{"subscribe": 1}', '{"other": "fleet"}'])
async def test_a_message_that_makes_no_sense_is_answered_with_what_would(text: str, ada: User) -> None:
    tab = await Tab.of(ada)
    await tab.connect()
    await tab.say(text)
    error: dict[str, Any] = (await tab.hear())["error"]
    assert (error["code"], error["fault"]) == ("invalid", "caller")
    assert "subscribe" in error["remedy"]
    await tab.leave()


async def test_the_channel_layer_is_the_one_that_crosses_processes() -> None:
    assert type(get_channel_layer()).__name__ == "RedisPubSubChannelLayer"
    assert settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"] == [settings.REDIS_URL]


async def test_ingest_works_out_pulses_only_while_a_page_is_open(ada: User, valkey: Redis) -> None:
    assert not is_followed(valkey)
    await (await Tab.of(ada)).follow("deployment.digits")
    assert is_followed(valkey)
