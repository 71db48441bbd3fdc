"""Predictions go with their keep: by deployment, and by the day."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.core.clock import now
from apps.datasets import store
from apps.datasets.models import Asset
from apps.datasets.services import assets_expire
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.services import Given, feedback_give, partitions_ensure, predictions_add, predictions_expire
from apps.inference.services.partitions import partitions_days
from tests.inference.conftest import serve
from tests.inference.records import ago, record
from tests.inference.test_predictions_api import keep
from tests.world import World

pytestmark = pytest.mark.django_db


def test_each_deployment_keeps_as_long_as_it_says(world: World) -> None:
    serve(world, "digits", record={"keep_days": 2})
    serve(world, "letters", record={"keep_days": 10})
    kept = [record(ago(days=1)), record(ago(days=5), deployment="letters")]
    predictions_add(records=[*kept, record(ago(days=3))])
    predictions_expire()
    assert {row.id for row in Prediction.objects.all()} == {each.id for each in kept}


def test_a_day_that_nobody_keeps_is_dropped_whole(world: World) -> None:
    past = now() - timedelta(days=32)
    partitions_ensure(days=[past.date()])
    predictions_expire()
    assert past.date() not in partitions_days()


def test_the_coming_days_are_there() -> None:
    predictions_expire()
    assert {(now() + timedelta(days=ahead)).date() for ahead in range(3)} <= set(partitions_days())


def test_feedback_and_kept_inputs_go_with_their_prediction(world: World, home: Path) -> None:
    serve(world, "digits", record={"keep_days": 2})
    old = record(ago(days=3))
    predictions_add(records=[old])
    keep(old, b"seven")
    feedback_give(actor=world.ada, allowed=[], rows=[Given(old.id, "7")])
    predictions_expire()
    assert not (Prediction.objects.exists() or Feedback.objects.exists() or KeptInput.objects.exists())


def test_an_asset_goes_when_nothing_refers_to_it_and_not_before(home: Path) -> None:
    used, unused = record(), record()
    predictions_add(records=[used, unused])
    keep(used, b"used")
    keep(unused, b"unused")
    KeptInput.objects.filter(prediction=unused.id).delete()
    assert assets_expire() == 0  # it was kept just now
    Asset.objects.update(last_kept_at=now() - timedelta(hours=2))
    assert assets_expire() == 1
    assert store.read(store.digest(b"used")) == b"used"


def test_a_kept_input_whose_prediction_never_came_goes(home: Path) -> None:
    keep(record(ago(days=2)), b"orphan")
    predictions_expire()
    assert not KeptInput.objects.exists()
