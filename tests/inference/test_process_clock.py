"""The clock of the process minutes off, and Valkey's right: the database's clock judges, so nothing is lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from apps.core.clock import database_now, now
from apps.core.ids import new_id
from apps.inference.models import Feedback, KeptInput, Mirror, Prediction, RecordTally
from apps.inference.services import (
    Given,
    feedback_expire,
    feedback_give,
    mirrors_add,
    predictions_add,
    subject_erase,
)
from tests.inference.records import made_at, record
from tests.inference.test_mirrors import mirrored
from tests.inference.test_predictions_api import keep
from tests.world import World

pytestmark = pytest.mark.django_db

APART = timedelta(minutes=10)


def put_off(patch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Whoever asks apps.core.clock for this process's time is told one that is off."""
    patch.setattr(timezone, "now", lambda: datetime.now(UTC) + by)
    assert abs(now() - database_now() - by) < timedelta(minutes=1)


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    put_off(monkeypatch, -APART)


def ahead() -> UUID:
    """An id that is really from the future."""
    return made_at(database_now() + timedelta(minutes=5))


@pytest.mark.usefixtures("behind")
def test_predictions_are_recorded() -> None:
    assert predictions_add(records=[record(), record()]) == 2
    assert RecordTally.objects.get().refused == 0


@pytest.mark.usefixtures("behind")
def test_a_prediction_really_from_the_future_is_refused_and_counted() -> None:
    assert predictions_add(records=[record(ahead()), good := record()]) == 1
    assert Prediction.objects.get().id == good.id
    assert RecordTally.objects.get().refused == 1


@pytest.mark.usefixtures("behind")
def test_inputs_are_kept_but_those_really_from_the_future(home: Path) -> None:
    good = record()
    keep(good, b"good")
    keep(record(ahead()), b"ahead")
    assert KeptInput.objects.get().prediction == good.id


@pytest.mark.usefixtures("behind")
def test_mirrors_are_recorded_but_those_really_from_the_future() -> None:
    good = new_id()
    mirrors_add(mirrors=[mirrored(good), mirrored(ahead())])
    assert Mirror.objects.get().prediction == good


@pytest.mark.usefixtures("behind")
def test_feedback_before_its_record_waits_but_for_an_id_really_from_the_future(world: World) -> None:
    rows = [Given(new_id(), "3"), Given(ahead(), "3")]
    assert [each.status for each in feedback_give(actor=world.ada, allowed=[], rows=rows)] == ["waiting", "refused"]


def test_feedback_that_came_to_a_node_hours_behind_waits_its_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        put_off(patch, timedelta(hours=-3))
        feedback_give(actor=world.ada, allowed=[], rows=[Given(new_id(), "3")])
    assert feedback_expire() == 0
    assert Feedback.objects.exists()


@pytest.mark.usefixtures("behind")
def test_what_was_on_its_way_when_its_subject_was_deleted_is_not_recorded(world: World) -> None:
    given = record(subject="somebody")
    subject_erase(actor=world.ada, subject="somebody")
    assert predictions_add(records=[given, record()]) == 1
    assert not Prediction.objects.filter(subject="somebody").exists()


def test_a_process_that_is_ahead_refuses_what_is_really_from_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    put_off(monkeypatch, APART)
    assert predictions_add(records=[record(ahead()), record()]) == 1
