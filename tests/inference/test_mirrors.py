"""Mirrors go: after some days, with their deployment's keep, and with their subject."""

from datetime import datetime
from uuid import UUID

import pytest

from apps.inference.models import Mirror
from apps.inference.rules.ids import moment
from apps.inference.rules.records import Mirrored
from apps.inference.services import mirrors_add, mirrors_expire, predictions_add, predictions_expire, subject_erase
from tests.inference.conftest import serve
from tests.inference.records import ago, record
from tests.world import World

pytestmark = pytest.mark.django_db


def mirrored(prediction: UUID, subject: str = "", deployment: str = "digits") -> Mirrored:
    at = moment(prediction)
    assert isinstance(at, datetime)
    return Mirrored(at, prediction, deployment, 2, "", 3.0, 3.0, ["7"], [0.8], subject)


def left() -> set[UUID]:
    return {each.prediction for each in Mirror.objects.all()}


def test_they_are_of_use_for_a_week() -> None:
    new, old = ago(days=6), ago(days=8)
    mirrors_add(mirrors=[mirrored(new), mirrored(old)])
    mirrors_expire()
    assert left() == {new}


def test_they_are_kept_no_longer_than_the_deployments_predictions(world: World) -> None:
    serve(world, "digits", record={"keep_days": 2})
    serve(world, "letters", record={"keep_days": 10})
    new, old, others = ago(days=1), ago(days=3), ago(days=3)
    mirrors_add(mirrors=[mirrored(new), mirrored(old), mirrored(others, deployment="letters")])
    predictions_expire()
    assert left() == {new, others}


def test_they_go_with_their_subject_and_come_back_with_nothing_on_its_way(world: World) -> None:
    served, other = record(subject="somebody"), record()
    predictions_add(records=[served, other])
    both = [mirrored(served.id, "somebody"), mirrored(other.id)]
    mirrors_add(mirrors=both)
    subject_erase(actor=world.ada, subject="somebody")
    mirrors_add(mirrors=both)
    assert left() == {other.id}
