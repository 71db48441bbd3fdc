"""What the tables of runs hold, and what they refuse whatever path a write took."""

import pytest
from django.db import IntegrityError

from apps.drift.rules.states import State
from tests.deployments.makers import make_deployment, make_revision, make_version
from tests.drift.finished import finished_run
from tests.world import World

pytestmark = pytest.mark.usefixtures("home")


def test_a_finished_run_tells_of_each_group_and_shows_the_samples_of_what_drifted(world: World) -> None:
    deployment = make_deployment(world)
    run = finished_run(deployment, make_revision(world, deployment, make_version(world)))
    states = dict(run.groups.values_list("name", "state"))
    assert states == {
        "audio": State.STEADY,
        "confidence": State.NOT_ENOUGH_DATA,
        "image": State.DRIFTED,
        "prediction": State.STEADY,
    }
    shown = run.groups.get(name="image").driving
    assert len(shown) == 3
    assert shown[0]["assets"].keys() == {"image", "sound"}


def test_a_deployment_has_one_open_run_at_most(world: World) -> None:
    deployment = make_deployment(world)
    revision = make_revision(world, deployment, make_version(world))
    finished_run(deployment, revision, state="waiting", verdict="")
    with pytest.raises(IntegrityError, match="drift_run_open_once"):
        finished_run(deployment, revision, state="waiting", verdict="")


def test_a_run_is_done_only_with_a_verdict(world: World) -> None:
    deployment = make_deployment(world)
    revision = make_revision(world, deployment, make_version(world))
    with pytest.raises(IntegrityError, match="drift_run_verdict_when_done"):
        finished_run(deployment, revision, verdict="")
