"""What tells an open page that labels have come."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from apps.inference.models import Feedback
from apps.inference.services import feedback_bind, predictions_add
from apps.monitoring.selectors import labels_lately
from tests.inference.records import record
from tests.monitoring.labels import predicted, true
from tests.world import World

pytestmark = pytest.mark.django_db
MINUTE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return MINUTE + timedelta(seconds=second)


def given(world: World, second: float, prediction: UUID | None = None, truth: str = "7") -> None:
    """A label of that second."""
    prediction = prediction or predicted("7")
    true(world, prediction, truth)
    Feedback.objects.filter(prediction=prediction).update(given_at=at(second))


def lately(second: float) -> dict[str, tuple[int, datetime]]:
    return labels_lately(["digits", "letters"], at(second))


def test_labels_that_follow_one_another_are_news_once_in_five_seconds_the_last_one_too(world: World) -> None:
    given(world, 30.5)
    assert (lately(34.9), lately(35)) == ({}, {"digits": (1, at(30.5))})
    given(world, 35)
    given(world, 39.5)
    assert lately(39.9) == lately(35)
    assert lately(40) == {"digits": (3, at(39.5))}


def test_a_label_that_is_bound_after_a_later_one_is_news(world: World) -> None:
    coming = record(labels=["7"])
    given(world, 30, coming.id)
    given(world, 31)
    before = lately(35)
    predictions_add(records=[coming])
    feedback_bind()
    assert (before, lately(35)) == ({"digits": (1, at(31))}, {"digits": (2, at(31))})


def test_a_corrected_label_is_news(world: World) -> None:
    prediction = predicted("7")
    given(world, 30, prediction)
    given(world, 36, prediction, truth="3")
    assert lately(40) == {"digits": (1, at(36))}


def test_labels_are_those_of_their_deployment_and_are_no_news_for_long(world: World) -> None:
    predictions_add(records=[record()])
    true(world, predicted("7", deployment="letters"), "7")
    Feedback.objects.update(given_at=at(30))
    assert set(lately(60)) == {"letters"}
    assert (set(lately(119)), lately(120)) == ({"letters"}, {})
