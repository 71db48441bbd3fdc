"""A word that was meant for the shadow does nothing once the canary has begun: each step has a number of its own."""

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from apps.deployments import services
from apps.deployments.errors import StepPassed
from apps.deployments.models import Deployment, Rollout
from apps.deployments.selectors import routing_deployments
from apps.registry.models import ModelVersion
from tests.console.conftest import signed_in
from tests.deployments.makers import Fleet, approve, make_revision, make_version
from tests.world import World

pytestmark = pytest.mark.django_db
PLANS: dict[str, Any] = {"shadow": {"then": "canary"}, "canary": {"steps": [5, 50]}}


@pytest.fixture
def rollout(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Rollout:
    """In the shadow, which the steps of a canary follow."""
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    revision = make_revision(world, deployment, make_version(world, 2), strategy="shadow", **PLANS)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    return Rollout.objects.get(to_revision=revision)


def begun(world: World, rollout: Rollout) -> None:
    """The canary has begun."""
    services.rollout_promote(actor=world.ada, rollout_id=rollout.pk, step=0)


def weights() -> list[tuple[int, int]]:
    return [(split["revision"], split["weight"]) for split in routing_deployments()["digits"]["splits"]]


def test_the_answer_tells_the_shadow_as_the_first_of_the_steps(world: World, rollout: Rollout) -> None:
    seen = []
    for step in range(3):
        told = world.client(world.ada).get(f"/api/v1/rollouts/{rollout.pk}").json()
        seen.append((told["state"], told["step"], told["share"], told["steps"][told["step"]]))
        if step < 2:
            services.rollout_promote(actor=world.ada, rollout_id=rollout.pk, step=step)
    assert seen == [("shadow", 0, 0, 0), ("canary", 1, 5, 5), ("canary", 2, 50, 50)]
    services.rollout_promote(actor=world.ada, rollout_id=rollout.pk, step=2)
    assert weights() == [(2, 100)]


@pytest.mark.parametrize("act", ["promote", "resume"])
def test_a_call_that_names_the_shadows_step_moves_no_canary(world: World, rollout: Rollout, act: str) -> None:
    begun(world, rollout)
    services.rollout_pause(actor=world.ada, rollout_id=rollout.pk)
    with pytest.raises(StepPassed, match="5 % of the traffic"):
        services.ROLLOUT_ACTS[act](actor=world.ada, rollout_id=rollout.pk, step=0)
    rollout.refresh_from_db()
    assert (rollout.state, rollout.paused_at is None, weights()) == ("canary", False, [(1, 95), (2, 5)])


def test_over_rest_it_is_told_as_passed(world: World, rollout: Rollout) -> None:
    ada, url = world.client(world.ada), f"/api/v1/rollouts/{rollout.pk}/promote"
    sent = {"step": ada.get(f"/api/v1/rollouts/{rollout.pk}").json()["step"]}
    assert ada.post(url, sent, format="json").json()["share"] == 5
    again = ada.post(url, sent, format="json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "step_passed")
    assert weights() == [(1, 95), (2, 5)]


def pressed(client: Client, rollout: Rollout, place: str, step: str) -> str:
    """Promote, as a page has it that showed that step."""
    told = {"act": "promote", "rollout": str(rollout.pk), "step": step}
    admin = f"/admin/deployments/deployment/{rollout.deployment_id}/rollouts/{rollout.pk}/act/"
    url = admin if place == "admin" else "/deployments/digits/rollout"
    return client.post(url, told, follow=True).content.decode()


@pytest.mark.parametrize("place", ["admin", "dashboard"])
def test_a_button_that_was_shown_in_the_shadow_moves_no_canary(world: World, rollout: Rollout, place: str) -> None:
    ada = signed_in(world.ada)
    page = "/deployments/digits/" if place == "dashboard" else "/admin/deployments/deployment/{}/change/"
    shown = ada.get(page.format(rollout.deployment_id)).content.decode()
    assert 'name="step" value="0"' in shown
    begun(world, rollout)
    assert "at another step by now" in pressed(ada, rollout, place, "0")
    assert weights() == [(1, 95), (2, 5)]
    pressed(ada, rollout, place, "1")
    assert weights() == [(1, 50), (2, 50)]


def test_the_page_counts_the_steps_of_the_canary_alone(world: World, rollout: Rollout) -> None:
    ada = signed_in(world.ada)
    assert "it takes 5, 50 % of the traffic, step by step" in ada.get("/deployments/digits/").content.decode()
    begun(world, rollout)
    assert "step 1 of 2 (5, 50 %)" in ada.get("/deployments/digits/").content.decode()


def test_a_canary_from_before_shadows_were_counted_is_counted_so_by_the_migration(
    world: World, rollout: Rollout
) -> None:
    begun(world, rollout)
    migration = importlib.import_module("apps.deployments.migrations.0007_shadow_is_a_step")
    migration.backward(apps, None)
    rollout.refresh_from_db()
    assert rollout.step == 0
    migration.forward(apps, None)
    rollout.refresh_from_db()
    assert (rollout.step, weights()) == (1, [(1, 95), (2, 5)])
