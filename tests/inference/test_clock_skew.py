"""The clock of the gateways' Valkey minutes off the database's: each prediction on its own day, refusals told."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from apps.core.clock import now
from apps.datasets.models import Asset
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.rules.ids import AHEAD, Standing, standing
from apps.inference.rules.records import datable
from apps.inference.services import Given, feedback_bind, feedback_give, predictions_add
from tests.inference.records import ago, made_at, record
from tests.inference.test_predictions_api import keep
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("minutes", [10, 0, -0.5])
def test_a_clock_behind_or_a_little_ahead_costs_nothing(world: World, digits: None, minutes: float) -> None:
    given = record(ago(minutes=minutes), labels=["3"])
    assert feedback_give(actor=world.ada, allowed=[], rows=[Given(given.id, "3")])[0].status == "waiting"
    predictions_add(records=[given])
    assert feedback_bind() == 1
    assert Prediction.objects.get().at == given.at
    assert Feedback.objects.get().bound_at is not None


def test_around_midnight_it_is_the_ids_day_that_counts(world: World) -> None:
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    ids = [made_at(midnight + timedelta(milliseconds=each)) for each in (-1, 0)]
    predictions_add(records=[record(each) for each in ids])
    predictions_add(records=[record(each) for each in ids])
    assert [row.at.date() for row in Prediction.objects.order_by("at")] == [
        midnight.date() - timedelta(days=1),
        midnight.date(),
    ]


def test_minutes_ahead_is_refused_and_shown_and_leaves_nothing_behind(world: World, home: Path) -> None:
    ahead, good = record(ago(minutes=-5)), record()
    keep(ahead, b"ahead")
    keep(good, b"good")
    assert predictions_add(records=[ahead, good]) == 1
    assert list(KeptInput.objects.values_list("prediction", flat=True)) == [good.id]
    assert Asset.objects.count() == 1
    page = Client(HTTP_HOST="localhost").get("/metrics").content.decode()
    assert "\nquartet_predictions_refused_total 1.0\n" in page


def test_feedback_minutes_ahead_is_told_so(world: World) -> None:
    [taken] = feedback_give(actor=world.ada, allowed=[], rows=[Given(ago(minutes=-5), "3")])
    assert taken.error is not None and Standing.FUTURE.value in taken.error.message
    assert not Feedback.objects.exists()


@given(st.floats(-3600, 3600))
def test_feedback_may_wait_for_every_record_that_would_be_taken(seconds: float) -> None:
    moment = now()
    given = record(made_at(moment + timedelta(seconds=seconds)))
    taken = bool(datable([given], moment))
    assert taken == (standing(given.id, moment) is Standing.AWAITED)
    assert taken or seconds > AHEAD.total_seconds() - 0.002
