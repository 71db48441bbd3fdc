"""Accuracy over REST: what is told, and whom."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.clock import now
from apps.inference.services import key_create
from apps.monitoring.api.accuracy import TallyAnswer
from tests.inference.conftest import serve
from tests.inference.records import ago
from tests.monitoring.labels import predicted, true
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _digits(world: World) -> None:
    serve(world, "digits")


def asked(client: APIClient, name: str = "digits", **query: str) -> Any:
    return client.get(f"/api/v1/deployments/{name}/accuracy", query)


def key_client(world: World, scopes: list[str], deployments: list[str]) -> APIClient:
    _, text = key_create(actor=world.ada, name="k", scopes=scopes, deployments=deployments)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_it_tells_the_whole_each_revision_and_the_series(world: World) -> None:
    true(world, predicted("7", "3", "1", at=ago(hours=2)), "7", "2")
    true(world, predicted("7", revision=2), "7")
    answer = asked(world.client(world.cy)).json()
    counts = {name: answer[name] for name in ("predictions", "labelled", "right", "accuracy", "coverage")}
    assert counts == {"predictions": 4, "labelled": 3, "right": 2, "accuracy": 2 / 3, "coverage": 0.75}
    low, high = answer["interval"]
    assert 0 < low < 2 / 3 < high < 1
    assert (answer["deployment"], answer["window"], answer["step_s"]) == ("digits", "24h", 900)
    assert [(each["revision"], each["labelled"], each["right"]) for each in answer["revisions"]] == [
        (1, 2, 1),
        (2, 1, 1),
    ]
    for line in (answer, *answer["revisions"]):
        assert len(line["series"]) == 96
        assert sum(point["labelled"] for point in line["series"]) == line["labelled"]
    assert (answer["series"][-1]["accuracy"], answer["revisions"][1]["series"][-1]["right"]) == (1.0, 1)


def test_what_is_unknown_is_null_and_never_zero(world: World) -> None:
    predicted("7")
    answer = asked(world.client(world.cy), window="1h").json()
    assert (answer["accuracy"], answer["interval"], answer["coverage"]) == (None, None, 0.0)
    first = answer["series"][0]
    assert (first["predictions"], first["accuracy"], first["interval"], first["coverage"]) == (0, None, None, None)


def test_the_last_step_is_the_present_one(world: World) -> None:
    for window, step in (("1h", 60), ("24h", 900), ("7d", 7200)):
        last = asked(world.client(world.cy), window=window).json()["series"][-1]["at"]
        assert (now() - timedelta(seconds=step)).isoformat() < last <= now().isoformat()


def test_a_window_that_there_is_not_is_refused_with_those_there_are(world: World) -> None:
    answer = asked(world.client(world.cy), window="1y")
    assert answer.status_code == 400
    assert "1y" in str(answer.json()["error"])


def test_who_is_not_signed_in_is_told_nothing() -> None:
    assert asked(APIClient()).status_code == 401


def test_a_key_needs_to_read_and_sees_its_deployments_only(world: World) -> None:
    assert asked(key_client(world, ["read"], ["digits"])).status_code == 200
    world.ada.api_keys.all().delete()
    answer = asked(key_client(world, ["read"], ["letters"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_deployment")
    world.ada.api_keys.all().delete()
    assert asked(key_client(world, ["infer", "feedback"], [])).status_code == 403


def test_a_deployment_that_there_is_not_is_not_found(world: World) -> None:
    assert asked(world.client(world.cy), "letters").status_code == 404


@pytest.mark.parametrize("field", TallyAnswer().fields)
def test_every_figure_is_documented(field: str) -> None:
    assert f"\n| `{field}` |" in (Path(__file__).parents[2] / "docs/predictions.md").read_text()
