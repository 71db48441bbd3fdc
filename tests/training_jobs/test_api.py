"""Training over REST: with a key of its scope, from freezing to an evaluation."""

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from apps.training.models import TrainingJob
from apps.training.services import Report, job_beat
from tests.deployments.makers import make_deployment
from tests.inference.test_labelled_samples import met
from tests.registry import artifact
from tests.training_jobs.makers import frozen, running
from tests.world import World

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/training/jobs"


def keyed(world: World, *scopes: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ada, *scopes)}")
    return client


@pytest.fixture
def asked(world: World, home: Path) -> dict[str, object]:
    artifact.version(world.ada)
    frozen(world)
    return {"model": "echo", "parent": 1, "dataset": "texts/1", "recipe": "full", "parameters": {"steps": 10}}


def test_a_job_is_asked_for_and_shown_with_its_curve(asked: dict[str, object], world: World) -> None:
    client = keyed(world, "training:write", "read")
    made = client.post(JOBS, asked)
    assert made.status_code == 201, made.json()
    assert client.post(JOBS, asked).status_code == 200
    job = TrainingJob.objects.get()
    job_beat(job_id=job.pk, lease=running(job), report=Report("train", 2, 0.5, points=[(1, 0.7), (2, 0.5)]))
    shown = client.get(f"{JOBS}/{job.pk}").json()
    assert (shown["state"], shown["parent"], shown["dataset"], shown["step"]) == ("running", "echo/1", "texts/1", 2)
    assert shown["points"] == [{"step": 1, "loss": 0.7}, {"step": 2, "loss": 0.5}]
    assert [each["id"] for each in client.get(JOBS, {"state": "running", "model": "echo"}).json()["results"]] == [
        str(job.pk)
    ]
    assert client.get(JOBS, {"state": "done"}).json()["results"] == []
    assert client.post(f"{JOBS}/{job.pk}/cancel").json()["cancelling"] is True


def test_a_key_without_the_scope_starts_nothing(asked: dict[str, object], world: World) -> None:
    assert keyed(world, "read", "models:write").post(JOBS, asked).status_code == 403
    assert not TrainingJob.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"recipe": "magic"}, 400, "unknown_recipe"),
        ({"parameters": {"steps": -1}}, 400, "bad_parameters"),
        ({"dataset": "texts/9"}, 404, "not_found"),
        ({"dataset": "texts"}, 404, "not_found"),
        ({"parent": "@nobody"}, 404, "not_found"),
        ({"measured_on": "texts/1"}, 400, "dataset_unfit"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(
    asked: dict[str, object], world: World, change: dict[str, object], status: int, code: str
) -> None:
    answer = world.client(world.ada).post(JOBS, asked | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.json()


def test_labelled_predictions_are_frozen_with_old_data(world: World, home: Path) -> None:
    make_deployment(world)
    frozen(world, count=2)
    met(world)
    question = {
        "name": "mixed",
        "deployment": "digits",
        "after": "2020-01-01T00:00:00Z",
        "before": "2100-01-01T00:00:00Z",
        "old": ["texts/1"],
        "slices": ["fresh"],
    }
    client = keyed(world, "training:write")
    made = client.post("/api/v1/training/datasets", question)
    assert made.status_code == 201, made.json()
    told = made.json()
    assert (told["name"], told["samples_count"], told["source"]["met"]) == ("mixed/1", 3, 1)
    assert told["counts"]["slices"] == {"fresh": 1, "met:digits": 1, "short": 2}
    assert client.post("/api/v1/training/datasets", question).status_code == 200
    nothing = client.post("/api/v1/training/datasets", question | {"old": [], "after": "2099-01-01T00:00:00Z"})
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (400, "nothing_to_freeze")


def test_recipes_are_listed_with_the_limits_of_their_parameters(world: World) -> None:
    rows = {row["name"]: row for row in world.client(world.cy).get("/api/v1/training/recipes").json()}
    assert rows.keys() == {"full", "frozen-encoder", "lora"}
    rank = next(each for each in rows["lora"]["parameters"] if each["name"] == "rank")
    assert (rank["least"], rank["most"], rank["default"]) == (1, 256, 8)
