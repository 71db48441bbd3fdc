"""Deployments over REST."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.deployments.models import Deployment, Replica
from apps.registry.models import Alias, ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision
from tests.world import World

REVISIONS = "/api/v1/deployments/digits/revisions"


@pytest.fixture
def ada(world: World) -> APIClient:
    return world.client(world.ada)


def test_a_deployment_is_made(ada: APIClient) -> None:
    response = ada.post("/api/v1/deployments", {"name": "digits", "description": "spoken and written"})
    assert response.status_code == 201
    assert response.json()["live_revision"] is None
    assert ada.get("/api/v1/deployments/digits").json() == response.json()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [({"name": "Digits"}, 400, "bad_name"), ({}, 400, "invalid"), ({"name": "digits"}, 409, "deployment_name_taken")],
)
def test_a_wrong_name_is_answered_with_what_is_wrong(
    ada: APIClient, deployment: Deployment, body: dict[str, str], status: int, code: str
) -> None:
    response = ada.post("/api/v1/deployments", body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_a_revision_is_requested_by_number(ada: APIClient, deployment: Deployment, version: ModelVersion) -> None:
    response = ada.post(REVISIONS, {"model": "digits-av", "version": 1, "replicas": 2, "note": "first"})
    assert response.status_code == 201
    said = response.json()
    assert (said["number"], said["version"], said["state"]) == (1, 1, "requested")
    assert (said["approval"], said["requested_by"], said["approved_by"]) == ("waits for approval", "ada", None)
    assert [said["stages"][0][name] for name in ("min_replicas", "max_replicas")] == [2, 2]


def test_a_revision_is_requested_by_alias(ada: APIClient, deployment: Deployment, version: ModelVersion) -> None:
    Alias.objects.create(model=version.model, name="champion", version=version)
    assert ada.post(REVISIONS, {"model": "digits-av", "version": "@champion"}).json()["version"] == 1


def test_a_revision_may_take_the_pipeline_apart(ada: APIClient, deployment: Deployment, version: ModelVersion) -> None:
    stages = [
        {"name": "before", "steps": ["preprocess"], "replicas": 2},
        {"name": "model", "steps": ["infer", "postprocess"]},
    ]
    said = ada.post(REVISIONS, {"model": "digits-av", "version": 1, "stages": stages}).json()
    assert [stage["name"] for stage in said["spec"]["stages"]] == ["before", "model"]


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"version": 9}, 404, "no version '9'"),
        ({"version": "@none"}, 404, "no alias 'none'"),
        ({"model": "nothing"}, 404, "no registered model 'nothing'"),
        ({"replicas": 0}, 400, "replicas"),
        ({"device": "tpu"}, 400, "'tpu'"),
        ({"stages": []}, 400, "must hold the steps"),
    ],
)
def test_a_wrong_revision_is_answered_with_what_is_wrong(
    ada: APIClient, deployment: Deployment, version: ModelVersion, change: dict[str, Any], status: int, sentence: str
) -> None:
    response = ada.post(REVISIONS, {"model": "digits-av", "version": 1} | change)
    assert response.status_code == status
    assert sentence in response.json()["error"]["message"]


def test_who_may_not_operate_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    ben = world.client(world.ben)
    assert ben.post("/api/v1/deployments", {"name": "x"}).status_code == 403
    assert ben.post(REVISIONS, {"model": "digits-av", "version": 1}).status_code == 403


def test_whoever_is_signed_in_may_look(world: World, deployment: Deployment, version: ModelVersion) -> None:
    make_revision(world, deployment, version)
    cy = world.client(world.cy)
    for path in ("/api/v1/deployments", "/api/v1/deployments/digits", REVISIONS, f"{REVISIONS}/1", "/api/v1/nodes"):
        assert cy.get(path).status_code == 200, path


def test_who_is_not_signed_in_may_not(deployment: Deployment) -> None:
    assert APIClient().get("/api/v1/deployments").status_code == 401


def test_a_key_writes_only_with_its_scope(world: World, deployment: Deployment) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ada, 'read')}")
    assert client.post("/api/v1/deployments", {"name": "x"}).status_code == 403
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ada, 'deployments:write')}")
    assert client.post("/api/v1/deployments", {"name": "x"}).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/deployments/none", "/api/v1/deployments/digits/revisions/7"])
def test_what_is_not_there_is_not_found(ada: APIClient, deployment: Deployment, path: str) -> None:
    assert ada.get(path).status_code == 404


def test_a_live_revision_tells_its_whole_story(
    world: World, ada: APIClient, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    said = ada.get(f"{REVISIONS}/1").json()
    assert (said["state"], said["approval"]) == ("live", "was approved by ben")
    assert said["rollout"]["state"] == "done"
    assert [replica["state"] for replica in said["replicas"]] == ["ready"]
    assert ada.get("/api/v1/deployments/digits").json()["live_revision"] == 1


def test_a_rollout_on_its_way_is_shown_with_its_deployment(
    world: World, ada: APIClient, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    approve(world, make_revision(world, deployment, version))
    rollout = ada.get("/api/v1/deployments/digits").json()["rollout"]
    assert (rollout["from_revision"], rollout["to_revision"], rollout["state"]) == (None, 1, "starting")


def test_replicas_are_listed_by_deployment_and_state(
    world: World, ada: APIClient, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, replicas=2))
    fleet.fail(Replica.objects.filter(slot=0).get())
    assert len(ada.get("/api/v1/replicas?deployment=digits").json()["results"]) == 2
    assert ada.get("/api/v1/replicas?deployment=other").json()["results"] == []
    [failed] = ada.get("/api/v1/replicas?state=failed").json()["results"]
    assert (failed["deployment"], failed["revision"], failed["stage"], failed["node"]) == ("digits", 1, "all", "n1")
    assert failed["reason"] == "It fell over."


def test_nodes_are_listed(ada: APIClient, fleet: Fleet) -> None:
    [node] = ada.get("/api/v1/nodes").json()["results"]
    assert (node["name"], node["state"], node["device_classes"]) == ("n1", "up", ["cpu"])


def test_a_name_that_no_deployment_can_have_is_not_found(world: World) -> None:
    assert world.client(world.ada).get("/api/v1/deployments/%00").status_code == 404
