"""The ingest loop against a real Valkey and PostgreSQL: nothing lost, nothing counted twice."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis.asyncio
from django.conf import settings
from redis import Redis

from apps.monitoring.models import FLEET, GatewayReport, MetricWindow
from apps.monitoring.rules.entries import parse
from apps.monitoring.selectors import counts_of
from apps.monitoring.services import windows_add
from tests.monitoring.entries import row
from workers import ingest, stream_reader
from workers.ingest import Ingest
from workers.serving.accounts import Accounts
from workers.serving.admission import Admission
from workers.serving.metrics_stream import MetricsStream
from workers.serving.names import METRICS
from workers.stream_reader import GROUP, StreamReader

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unacknowledged entries are anyone's at once, and silent readers are forgotten at once."""
    monkeypatch.setattr(stream_reader, "_ABANDONED_MS", 0)
    monkeypatch.setattr(stream_reader, "_FORGET_MS", -1)


def _write(valkey: Redis, *seqs: int, gateway: str = "gw-1", **more: Any) -> None:
    for seq in seqs:
        fields = {"gateway": gateway, "seq": seq, "from": 1e9, "to": 1e9 + 1, "in_flight": 0, "dropped": 0}
        valkey.xadd(METRICS, {"m": json.dumps(fields | {"rows": [row()]} | more)})


def _ingest(valkey: Redis, name: str = "one", pulse: Callable[[], None] = lambda: None) -> Ingest:
    return Ingest(*ingest.readers(valkey, name), pulse, threading.Event())


def _turns(loop: Ingest, number: int = 2) -> None:
    """The first turn on an empty Valkey makes the group; news come from the second."""
    for _ in range(number):
        loop.turn()


def _requests() -> int:
    return sum(MetricWindow.objects.filter(deployment="digits", step=1).values_list("requests", flat=True))


def _unacknowledged(valkey: Redis) -> int:
    pending: Any = valkey.xpending(METRICS, GROUP)
    return int(pending["pending"])


def test_what_gateways_write_is_counted_and_acknowledged(valkey: Redis) -> None:
    _write(valkey, 1, 2, 3)
    _turns(_ingest(valkey))
    assert (_requests(), _unacknowledged(valkey)) == (3, 0)


def test_what_was_written_before_the_first_ingest_started_is_counted_too(valkey: Redis) -> None:
    _write(valkey, *range(1, 8))
    _turns(_ingest(valkey))
    assert _requests() == 7


def test_an_entry_delivered_twice_counts_once(valkey: Redis) -> None:
    _write(valkey, 1, 2, 2, 1)
    _turns(_ingest(valkey))
    assert (_requests(), _unacknowledged(valkey)) == (2, 0)


def test_entries_of_a_reader_that_died_before_counting_are_counted_by_another(valkey: Redis, at_once: None) -> None:
    dead = StreamReader(valkey, METRICS, "dead")
    dead.news(1)
    _write(valkey, 1, 2)
    assert len(dead.news(1)) == 2
    _turns(_ingest(valkey, "heir"))
    assert (_requests(), _unacknowledged(valkey)) == (2, 0)


def test_entries_of_a_reader_that_died_before_acknowledging_are_not_counted_again(valkey: Redis, at_once: None) -> None:
    dead = StreamReader(valkey, METRICS, "dead")
    dead.news(1)
    _write(valkey, 1, 2)
    windows_add(entries=[parse(each.body) for each in dead.news(1)])
    assert (_requests(), _unacknowledged(valkey)) == (2, 2)
    _turns(_ingest(valkey, "heir"))
    assert (_requests(), _unacknowledged(valkey)) == (2, 0)


def test_readers_that_are_gone_are_forgotten(valkey: Redis, at_once: None) -> None:
    StreamReader(valkey, METRICS, "dead").news(1)
    StreamReader(valkey, METRICS, "dead").news(1)
    heir = StreamReader(valkey, METRICS, "heir")
    heir.left_behind()
    readers: Any = valkey.xinfo_consumers(METRICS, GROUP)
    assert b"dead" not in [reader["name"] for reader in readers]


@pytest.mark.parametrize("field", [b"", b"{", b'{"gateway": "gw-1"}'])
def test_an_entry_that_cannot_be_read_does_not_hold_up_the_others(field: bytes, valkey: Redis) -> None:
    _write(valkey, 1)
    valkey.xadd(METRICS, {"m": field})
    valkey.xadd(METRICS, {"other": b"field"})
    _write(valkey, 2)
    _turns(_ingest(valkey))
    assert (_requests(), _unacknowledged(valkey)) == (2, 0)


def test_windows_that_are_over_are_rolled_up(valkey: Redis) -> None:
    _write(valkey, 1, 2, 3)
    loop = _ingest(valkey)
    _turns(loop)
    loop._next_roll = 0.0
    loop.turn()
    assert MetricWindow.objects.get(deployment="digits", step=60).requests == 3


def test_it_goes_on_after_valkey_lost_its_data(valkey: Redis) -> None:
    loop = _ingest(valkey)
    _write(valkey, 1)
    _turns(loop)
    valkey.delete(METRICS)
    _write(valkey, 2)
    _turns(loop)
    assert _requests() == 2


def test_pulses_are_sent_while_nothing_is_asked_and_no_faster_than_their_period(
    valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, pulses = [100.0], []
    monkeypatch.setattr(ingest.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(ingest, "_BLOCK_MS", 1)
    loop = _ingest(valkey, pulse=lambda: pulses.append(clock[0]))
    for moment in (100.0, 100.1, 100.4, 100.5, 100.9, 101.2):
        clock[0] = moment
        loop.turn()
    assert pulses == [100.0, 100.5, 101.2]


async def _published(accounts: Accounts) -> None:
    """As the gateway itself publishes."""
    async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
        await MetricsStream(client, "a1b2c3", accounts, Admission(10, 10)).publish()


def test_the_gateways_own_entries_are_understood(valkey: Redis) -> None:
    accounts = Accounts()
    for seconds in (0.0001, 0.0042, 3.0, 500.0):
        accounts.answered(("digits", 2), seconds, ("image", "sound"))
    accounts.failed(("digits", 0), 0.1, "bad_input")
    asyncio.run(_published(accounts))
    _turns(_ingest(valkey))
    window = MetricWindow.objects.get(deployment="digits", revision=2)
    assert (window.requests, window.inputs) == (4, {"image": 4, "sound": 4})
    assert sum(counts_of(window).latency.values()) == 4
    assert MetricWindow.objects.get(deployment="digits", revision=0).errors == {"bad_input": 1}
    assert sum(MetricWindow.objects.filter(deployment=FLEET).values_list("requests", flat=True)) == 5
    assert GatewayReport.objects.get().lost == 0
