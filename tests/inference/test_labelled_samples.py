"""Labelled predictions with kept inputs become samples, and go out of dataset versions with their subject."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from apps.core.clock import now
from apps.core.ids import new_id
from apps.datasets.rules import Described
from apps.datasets.selectors import version_erased, version_samples
from apps.datasets.services import Content, version_freeze
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.rules.ids import moment
from apps.inference.selectors import labelled_samples
from apps.inference.services import Given, Kept, feedback_give, kept_add, predictions_add, subject_erase
from tests.inference.records import record
from tests.world import World

pytestmark = pytest.mark.django_db


def met(world: World, truth: str = "7", subject: str = "", kept: str | None = "a picture") -> UUID:
    """A prediction that was labelled, and of which this was kept."""
    prediction = new_id()
    predictions_add(records=[record(prediction, subject=subject)])
    at = moment(prediction)
    assert at is not None
    if kept is not None:
        content = Content(kept.encode(), "image/png")
        kept_add(kept=[Kept(prediction, at, "digits", subject, "image", 0, content)])
    if truth:
        feedback_give(actor=world.ada, allowed=[], rows=[Given(prediction, truth)])
    return prediction


def found() -> list[Described]:
    moment = now()
    return labelled_samples(
        deployment="digits", after=moment - timedelta(hours=1), before=moment + timedelta(minutes=1)
    )


def test_what_has_a_truth_and_all_its_inputs_is_a_sample(world: World, home: Path) -> None:
    prediction = met(world)
    met(world, truth="")
    met(world, kept=None)
    [sample] = found()
    assert (sample.label, list(sample.inputs), sample.slices) == ("7", ["image"], ("met:digits",))
    assert sample.origins == ((prediction, ""),)


def test_another_deployments_predictions_are_none_of_it(world: World, home: Path) -> None:
    met(world)
    moment = now()
    assert labelled_samples(deployment="others", after=moment - timedelta(hours=1), before=moment) == []


def test_a_deleted_subject_is_in_no_new_version_and_leaves_the_old_ones(world: World, home: Path) -> None:
    met(world, subject="somebody", kept="their picture")
    met(world, kept="another picture")
    version, _ = version_freeze(actor=world.ada, name="met", samples=found())
    world.ada.is_superuser = True
    erased = subject_erase(actor=world.ada, subject="somebody")
    assert (erased.samples, erased.assets) == (1, 1)
    assert version_erased(version) == 1
    assert len(version_samples(version)) == len(found()) == 1


def test_a_subject_leaves_dataset_versions_when_its_predictions_are_long_gone(world: World, home: Path) -> None:
    met(world, subject="somebody")
    version, _ = version_freeze(actor=world.ada, name="met", samples=found())
    for model in (Feedback, KeptInput, Prediction):
        model._default_manager.all().delete()
    world.ada.is_superuser = True
    erased = subject_erase(actor=world.ada, subject="somebody")
    assert (erased.samples, erased.assets) == (1, 1)
    assert version_samples(version) == []


def test_what_was_also_met_elsewhere_stays_in_a_version(world: World, home: Path) -> None:
    met(world, subject="somebody")
    met(world)
    version, _ = version_freeze(actor=world.ada, name="met", samples=found())
    world.ada.is_superuser = True
    assert subject_erase(actor=world.ada, subject="somebody").samples == 0
    assert len(version_samples(version)) == 1
