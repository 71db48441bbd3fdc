"""Predictions go with their keep: by deployment, and by the day."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.core.clock import now
from apps.datasets import store
from apps.datasets.errors import AssetMissing
from apps.datasets.models import Asset
from apps.datasets.services import PARTS, TURN, assets_expire
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


def test_an_asset_goes_with_the_last_prediction_that_it_was_kept_of(world: World, home: Path) -> None:
    serve(world, "digits", record={"keep_days": 2})
    old, new = record(ago(days=3)), record()
    for each in (old, new):
        keep(each, b"both")
    keep(old, b"old", "sound")
    predictions_expire()
    assert set(Asset.objects.values_list("pk", flat=True)) == {store.digest(b"both")}
    with pytest.raises(AssetMissing):
        store.read(store.digest(b"old"))


def test_an_asset_that_a_killed_process_left_goes_within_all_turns_and_not_before_its_hour(home: Path) -> None:
    used, unused = record(), record()
    predictions_add(records=[used, unused])
    keep(used, b"used")
    keep(unused, b"unused")
    KeptInput.objects.filter(prediction=unused.id).delete()
    assert expired() == 0  # it was kept just now
    Asset.objects.update(last_kept_at=now() - timedelta(hours=2))
    assert expired() == 1
    assert store.read(store.digest(b"used")) == b"used"


def expired() -> int:
    """How many assets go until each part had its turn."""
    return sum(assets_expire(turn=now() + TURN * part) for part in range(PARTS))


def test_a_kept_input_whose_prediction_never_came_goes(home: Path) -> None:
    keep(record(ago(hours=25)), b"orphan")
    predictions_expire()
    assert not KeptInput.objects.exists()
