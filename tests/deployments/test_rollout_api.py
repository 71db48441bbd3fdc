"""Rollouts over REST: read by anybody signed in, waited for, moved by those who may operate."""

import threading
import time

import pytest
from django.db import connection

from apps.deployments import services
from apps.deployments.models import Deployment, Revision, Rollout
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version
from tests.world import World

URL = "/api/v1/rollouts"


def at_a_step(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Rollout:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    revision = make_revision(world, deployment, make_version(world, 2), strategy="canary")
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    return Rollout.objects.get(to_revision=revision)


def test_it_says_where_it_stands(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> None:
    rollout = at_a_step(world, deployment, version, fleet)
    said = world.client(world.cy).get(f"{URL}/{rollout.pk}").json()
    assert (said["deployment"], said["state"], said["strategy"]) == ("digits", "canary", "canary")
    assert (said["steps"], said["step"], said["share"], said["settled"]) == ([5, 25, 50], 0, 5, False)


def test_the_list_is_newest_first_and_of_one_deployment(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    rollout = at_a_step(world, deployment, version, fleet)
    found = world.client(world.ada).get(URL, {"deployment": "digits"}).json()["results"]
    assert found[0]["id"] == rollout.pk
    assert len(found) == 2
    assert world.client(world.ada).get(URL, {"deployment": "captions"}).json()["results"] == []


def test_each_act_has_an_address(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> None:
    rollout, ada = at_a_step(world, deployment, version, fleet), world.client(world.ada)
    assert ada.post(f"{URL}/{rollout.pk}/pause").json()["pause_reason"] == "Paused by ada."
    assert ada.post(f"{URL}/{rollout.pk}/resume").json()["paused_at"] is None
    assert ada.post(f"{URL}/{rollout.pk}/promote").json()["share"] == 25
    assert ada.post(f"{URL}/{rollout.pk}/abort", {"reason": "no"}).json()["state"] == "reverting"
    again = ada.post(f"{URL}/{rollout.pk}/promote", {"everything": True})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not_by_degrees")


@pytest.mark.parametrize("act", ["promote", "pause", "resume", "abort"])
def test_who_may_not_operate_is_refused(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet, act: str
) -> None:
    rollout = at_a_step(world, deployment, version, fleet)
    assert world.client(world.cy).post(f"{URL}/{rollout.pk}/{act}").status_code == 403


def test_a_rollout_that_is_not_there_is_said_so(world: World) -> None:
    assert world.client(world.ada).get(f"{URL}/999").status_code == 404


@pytest.mark.parametrize("wait", ["-1", "61", "long"])
def test_a_wait_that_makes_no_sense_is_refused(world: World, wait: str) -> None:
    assert world.client(world.ada).get(f"{URL}/1", {"wait": wait}).status_code == 400


def test_a_settled_one_is_answered_at_once(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version)
    fleet.go_live(world, deployment, revision)
    began = time.monotonic()
    said = world.client(world.ada).get(f"{URL}/{Rollout.objects.get().pk}", {"wait": 60}).json()
    assert said["settled"] is True
    assert time.monotonic() - began < 30


@pytest.mark.django_db(transaction=True)
def test_a_wait_ends_with_the_news(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> None:
    rollout = at_a_step(world, deployment, version, fleet)

    def hold() -> None:
        time.sleep(0.7)
        services.rollout_pause(actor=world.ada, rollout_id=rollout.pk)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    said = world.client(world.ada).get(f"{URL}/{rollout.pk}", {"wait": 60}).json()
    thread.join()
    assert said["pause_reason"] == "Paused by ada."


def test_a_revision_that_was_decided_is_answered_at_once(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision: Revision = make_revision(world, deployment, version)
    fleet.go_live(world, deployment, revision)
    said = world.client(world.ada).get("/api/v1/deployments/digits/revisions/1", {"wait": 60}).json()
    assert (said["state"], said["rollout"]["settled"]) == ("live", True)


def test_a_plan_is_asked_for_with_the_revision(world: World, deployment: Deployment, version: ModelVersion) -> None:
    asked = {"model": "digits-av", "version": 1, "strategy": "canary", "canary": {"steps": [1, 10], "samples": 50}}
    answer = world.client(world.ada).post("/api/v1/deployments/digits/revisions", asked, format="json")
    assert answer.status_code == 201
    plan = answer.json()["spec"]["canary"]
    assert (plan["steps"], plan["samples"], plan["failed"]) == ([1, 10], 50, 0.02)


def test_a_plan_for_another_strategy_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    asked = {"model": "digits-av", "version": 1, "canary": {"steps": [10]}}
    answer = world.client(world.ada).post("/api/v1/deployments/digits/revisions", asked, format="json")
    assert answer.status_code == 400
    assert "canary and ab" in answer.json()["error"]["message"]


def test_a_promotion_that_names_its_step_is_carried_out_once_however_often_it_is_sent(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    rollout, ada = at_a_step(world, deployment, version, fleet), world.client(world.ada)
    sent = {"step": ada.get(f"{URL}/{rollout.pk}").json()["step"]}
    assert ada.post(f"{URL}/{rollout.pk}/promote", sent, format="json").json()["share"] == 25
    again = ada.post(f"{URL}/{rollout.pk}/promote", sent, format="json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "step_passed")
    assert ada.get(f"{URL}/{rollout.pk}").json()["share"] == 25


@pytest.mark.parametrize("step", [-1, "first", None])
def test_a_step_that_is_none_is_refused(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet, step: object
) -> None:
    rollout, ada = at_a_step(world, deployment, version, fleet), world.client(world.ada)
    assert ada.post(f"{URL}/{rollout.pk}/promote", {"step": step}, format="json").status_code == 400
