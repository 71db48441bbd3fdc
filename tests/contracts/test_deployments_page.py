"""docs/deployments.md names every field that a revision may have, with the defaults that it has."""

import json
import re
from pathlib import Path

import pytest

from apps.deployments.api.questions import RecordQuestion, RevisionQuestion, ScaleQuestion
from apps.deployments.models import Deployment
from apps.deployments.rules.recording import DEFAULTS
from apps.registry.models import ModelVersion
from tests.deployments.makers import make_deployment, make_version
from tests.world import World

PAGE = (Path(__file__).parents[2] / "docs/deployments.md").read_text()


@pytest.fixture
def deployment(world: World) -> Deployment:
    return make_deployment(world)


@pytest.fixture
def versions(world: World) -> list[ModelVersion]:
    return [make_version(world, number) for number in (3, 4)]


@pytest.mark.parametrize("name", [*RevisionQuestion().fields, *ScaleQuestion().fields, *RecordQuestion().fields])
def test_every_field_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_both_examples_are_taken(world: World, deployment: Deployment, versions: list[ModelVersion]) -> None:
    examples = re.findall(r"^(\{\"model\".*?\})\n```", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert len(examples) == 2
    for example in examples:
        answer = world.client(world.ada).post("/api/v1/deployments/digits/revisions", json.loads(example))
        assert answer.status_code == 201, answer.json()


def test_the_defaults_of_scaling_are_as_they_are_told(
    world: World, deployment: Deployment, versions: list[ModelVersion]
) -> None:
    asked = {"model": "digits-av", "version": 3, "batch_max": 8}
    said = world.client(world.ada).post("/api/v1/deployments/digits/revisions", asked).json()
    told = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, flags=re.MULTILINE))
    scale = said["spec"]["stages"][0]["scale"]
    assert scale.pop("in_flight") == 16
    assert scale == {name: int(told[name]) for name in scale}


def test_the_defaults_of_recording_are_as_they_are_told() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `?([\w.]+)`? \|", PAGE, flags=re.MULTILINE))
    assert {name: json.loads(told[name]) for name in DEFAULTS} == DEFAULTS
