"""A rollout by degrees is promoted, paused, resumed and aborted in the admin, by the services that REST calls."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.core.models import AuditEntry, User
from apps.deployments.models import Deployment, Rollout
from apps.deployments.selectors import routing_deployments
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version
from tests.world import World

ACTS = ("promote", "pause", "resume", "abort")


@pytest.fixture
def canary(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Rollout:
    """Revision 2 has the first share of revision 1's traffic."""
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    plan = {"steps": [10, 50]}
    revision = make_revision(world, deployment, make_version(world, 2), strategy="canary", canary=plan)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    return Rollout.objects.get(to_revision=revision)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, rollout: Rollout) -> str:
    return client.get(f"/admin/deployments/deployment/{rollout.deployment_id}/change/").content.decode()


def press(client: Client, rollout: Rollout, act: str, **told: str) -> str:
    """Press a button; what the page says then."""
    url = f"/admin/deployments/deployment/{rollout.deployment_id}/rollouts/{rollout.pk}/act/"
    said = client.post(url, {"act": act, **told}, follow=True).content.decode()
    rollout.refresh_from_db()
    return said


def weights() -> list[tuple[int, int]]:
    return [(split["revision"], split["weight"]) for split in routing_deployments()["digits"]["splits"]]


def entry(action: str) -> AuditEntry:
    return AuditEntry.objects.get(action=action)


def test_the_page_tells_the_share_and_has_a_button_for_each_act(world: World, canary: Rollout) -> None:
    html = page(signed_in(world.ada), canary)
    assert "Revision 2 has 10 % of the traffic, revision 1 the rest." in html
    assert {act for act in ACTS if f'value="{act}"' in html} == {"promote", "pause", "abort"}


def test_promoting_takes_the_next_step(world: World, canary: Rollout) -> None:
    assert "Revision 2 has 50 % of the traffic." in press(signed_in(world.ada), canary, "promote")
    assert (weights(), entry("rollout.promoted").actor) == ([(1, 50), (2, 50)], world.ada)


def test_promoting_the_last_step_gives_it_all_traffic(world: World, canary: Rollout) -> None:
    ada = signed_in(world.ada)
    press(ada, canary, "promote")
    assert "The rollout of revision 2 is Shifting now." in press(ada, canary, "promote")
    assert weights() == [(2, 100)]


def test_a_paused_one_waits_and_has_a_button_to_resume(world: World, canary: Rollout) -> None:
    ada = signed_in(world.ada)
    assert "Revision 2 has 10 % of the traffic and waits for a person." in press(ada, canary, "pause")
    assert (canary.pause_reason, entry("rollout.paused").actor) == ("Paused by ada.", world.ada)
    html = page(ada, canary)
    assert 'value="resume"' in html and 'value="pause"' not in html
    press(ada, canary, "resume")
    assert (canary.paused_at, entry("rollout.resumed").actor) == (None, world.ada)


def test_aborting_sends_all_traffic_back_with_its_reason(world: World, canary: Rollout) -> None:
    press(signed_in(world.ada), canary, "abort", reason="It talks nonsense.")
    assert (canary.state, canary.reason) == ("reverting", "Aborted by ada: It talks nonsense.")
    assert weights() == [(1, 100)]
    assert (entry("rollout.aborted").actor, entry("rollout.aborted").detail["reason"]) == (
        world.ada,
        "It talks nonsense.",
    )


def test_one_that_is_only_starting_can_be_aborted_there(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    revision = make_revision(world, deployment, version)
    approve(world, revision)
    rollout = Rollout.objects.get(to_revision=revision)
    html = page(signed_in(world.ada), rollout)
    assert 'value="abort"' in html and 'value="promote"' not in html
    press(signed_in(world.ada), rollout, "abort")
    assert (rollout.state, rollout.reason) == ("failed", "Aborted by ada.")


def test_a_button_of_a_page_that_is_out_of_date_moves_no_other_rollout(
    world: World, deployment: Deployment, canary: Rollout, fleet: Fleet
) -> None:
    ada = signed_in(world.ada)
    press(ada, canary, "abort")
    fleet.finish(deployment)
    newer = make_revision(world, deployment, make_version(world, 3), strategy="canary", canary={"steps": [20]})
    approve(world, newer)
    fleet.beat()
    fleet.bring_up()
    assert "stands at no step of a plan" in press(ada, canary, "promote")
    assert weights() == [(1, 80), (3, 20)]


def test_a_rollout_that_is_not_there_and_an_unknown_act_change_nothing(world: World, canary: Rollout) -> None:
    ada, unknown = signed_in(world.ada), Rollout(pk=10**6, deployment=canary.deployment)
    url = f"/admin/deployments/deployment/{canary.deployment_id}/rollouts/{unknown.pk}/act/"
    assert "There is no rollout 1000000." in ada.post(url, {"act": "promote"}, follow=True).content.decode()
    press(ada, canary, "explode")
    ada.get(url.replace(str(unknown.pk), str(canary.pk)), {"act": "abort"})
    assert weights() == [(1, 90), (2, 10)]


@pytest.mark.parametrize("act", ACTS)
def test_who_may_not_operate_is_told_so_and_moves_nothing(world: World, canary: Rollout, act: str) -> None:
    world.ben.user_permissions.add(Permission.objects.get(codename="view_deployment"))
    ben = signed_in(world.ben)
    html = page(ben, canary)
    assert "moving it needs the operator role" in html and 'name="act"' not in html
    assert "ben may not" in press(ben, canary, act)
    assert (weights(), canary.paused_at) == ([(1, 90), (2, 10)], None)


def test_a_button_of_a_page_that_showed_another_step_promotes_nothing(world: World, canary: Rollout) -> None:
    ada = signed_in(world.ada)
    assert '<input type="hidden" name="step" value="0">' in page(ada, canary)
    press(ada, canary, "promote", step="0")
    assert "at another step by now, with 50 % of the traffic" in press(ada, canary, "promote", step="0")
    assert weights() == [(1, 50), (2, 50)]


def test_a_reason_that_no_column_holds_aborts_all_the_same(world: World, canary: Rollout) -> None:
    press(signed_in(world.ada), canary, "abort", reason="It is \0wrong.")
    assert (canary.state, canary.reason) == ("reverting", "Aborted by ada: It is wrong.")
