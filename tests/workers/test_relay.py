"""The relay tells every event at least once and loses none."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.utils import timezone

from apps.core import outbox
from apps.core.clock import now
from apps.core.events import Event
from apps.core.models import OutboxEvent
from workers import relay


@dataclass(frozen=True, slots=True)
class Happened(Event):
    name: ClassVar[str] = "tests.happened"
    number: int


@pytest.fixture
def heard(db: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    numbers: list[int] = []
    listen(monkeypatch, lambda number, **rest: numbers.append(number))
    return numbers


def listen(monkeypatch: pytest.MonkeyPatch, *listeners: Callable[..., Any]) -> None:
    monkeypatch.setattr(relay, "_listeners", lambda: {"tests.happened": list(listeners)})


def happen(number: int) -> OutboxEvent:
    with transaction.atomic():
        return outbox.emit(Happened(number=number))


def test_events_are_told_in_order_and_once(heard: list[int]) -> None:
    for number in range(50):
        happen(number)
    assert relay.relay_run() == 50
    assert relay.relay_run() == 0
    assert heard == list(range(50))


def test_a_change_that_rolls_back_has_no_event(heard: list[int]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.emit(Happened(number=1))
        1 / 0  # noqa: B018
    relay.relay_run()
    assert heard == []


def test_a_failing_listener_keeps_its_event_for_later(heard: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    event = happen(1)
    listen(monkeypatch, lambda **_: 1 / 0)
    relay.relay_run()
    event.refresh_from_db()
    assert event.done_at is None
    assert event.due_at > now()
    assert "ZeroDivisionError" in event.last_error


def test_an_event_that_rested_is_told_again(heard: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    event = happen(1)
    listen(monkeypatch, lambda **_: 1 / 0)
    relay.relay_run()
    listen(monkeypatch, lambda number, **_: heard.append(number))
    OutboxEvent.objects.filter(pk=event.pk).update(due_at=now() - timedelta(seconds=1))
    relay.relay_run()
    assert heard == [1]


def test_a_failing_event_does_not_hold_up_its_neighbours(heard: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def only_even(number: int, **_: Any) -> None:
        if number % 2:
            raise ValueError(number)
        heard.append(number)

    listen(monkeypatch, only_even)
    for number in range(4):
        happen(number)
    relay.relay_run()
    assert heard == [0, 2]


def test_what_a_killed_relay_had_claimed_comes_back_after_its_lease(heard: list[int]) -> None:
    happen(1)
    claimed = relay._claim()  # a relay that dies right here
    assert relay.relay_run() == 0
    OutboxEvent.objects.filter(pk=claimed[0].pk).update(due_at=now() - timedelta(seconds=1))
    relay.relay_run()
    assert heard == [1]


def put_off(patch: pytest.MonkeyPatch, minutes: int) -> None:
    """This process's clock is off by so many minutes."""
    patch.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-10, 10])
def test_an_event_is_told_at_once_however_far_the_senders_clock_is_off(
    heard: list[int], monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    with monkeypatch.context() as patch:
        put_off(patch, minutes)
        happen(1)
    relay.relay_run()
    assert heard == [1]


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_relay_whose_clock_is_off_tells_at_once_and_takes_nothing_from_another(
    heard: list[int], monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    happen(1)
    relay._claim()  # another relay's
    happen(2)
    put_off(monkeypatch, minutes)
    relay.relay_run()
    assert heard == [2]


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        outbox.emit(Happened(number=1))
