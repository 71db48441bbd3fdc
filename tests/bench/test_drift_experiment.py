"""The drift experiment counts what it says it counts, on worlds of which the outcome is known."""

import numpy as np
import pytest

from bench.drift.experiment import HORIZON, STEP, trials, undrifted
from bench.drift.worlds import Population, World
from bench.parts.drift import PART

RANDOM = np.random.default_rng(0)


def population(brightness: float = 0.0, confidence: float = 0.0, pitch: float = 0.0) -> Population:
    drawn = RANDOM.normal((brightness, confidence, pitch), size=(600, 3))
    names = ("picture.brightness", "confidence", "sound.pitch")
    return Population([dict(zip(names, row, strict=True)) for row in drawn.tolist()], 1.0)


@pytest.fixture(scope="module")
def world() -> World:
    drifts = {
        "bright": ("image", population(brightness=3)),
        "unsure": ("confidence", population(confidence=-3)),
        "nothing": ("image", population()),
        "blamed": ("image", population(pitch=3)),
    }
    return World("made up", {"picture": "image", "sound": "audio"}, population(), drifts)


def test_an_undrifted_world_alarms_rarely_and_the_naive_limit_is_about_two_errors(world: World) -> None:
    still = undrifted(world, 60, seed=1)
    assert still.alarms[1] <= still.alarms[0] <= 0.15
    assert 1.2 < still.limit < 3


def test_a_drift_of_the_picture_is_found_and_told_while_confidence_sees_nothing(world: World) -> None:
    for trial in trials(world, "bright", limit=9.0, count=3, seed=1):
        assert STEP <= trial.found <= trial.told < 100
        assert not trial.misled
        assert trial.naive == HORIZON


def test_a_drift_of_the_confidence_is_found_by_both(world: World) -> None:
    for trial in trials(world, "unsure", limit=3.0, count=3, seed=1):
        assert trial.told < 100
        assert trial.naive < 100


def test_what_is_not_there_is_told_by_nobody(world: World) -> None:
    assert {trial.told for trial in trials(world, "nothing", limit=9.0, count=2, seed=1)} == {HORIZON}


def test_another_modality_that_is_told_is_counted_as_misleading(world: World) -> None:
    assert all(trial.misled for trial in trials(world, "blamed", limit=9.0, count=2, seed=1))


def test_it_can_be_measured_where_no_server_can_be_installed() -> None:
    assert not PART.served
