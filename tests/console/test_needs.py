"""The overview says what needs a person, to whom it may concern, and is quiet otherwise."""

from datetime import timedelta
from typing import Any

import pytest

from apps.approvals.models import Policy
from apps.approvals.selectors import requests_open
from apps.approvals.services import decision_record
from apps.console.selectors.cards import Need
from apps.console.selectors.fleet import deployment_rows
from apps.console.selectors.needs import needs
from apps.core.clock import now
from apps.core.models import OutboxEvent, User
from apps.deployments.models import Node, Replica, Revision
from apps.inference.services import key_create, key_revoke, key_rotate
from apps.monitoring.models import GatewayReport
from apps.registry.services import version_mark_corrupt
from tests.console.scene import Scene
from tests.deployments.makers import approve, make_deployment, make_revision

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def heard(scene: Scene) -> None:
    """A gateway was heard just now."""
    GatewayReport.objects.create(gateway="gw-1", reported_at=now())


def _needs(actor: User) -> list[Need]:
    return needs(actor, deployment_rows())


def test_a_healthy_fleet_needs_nobody(scene: Scene) -> None:
    assert _needs(scene.world.ada) == []


def test_a_reviewer_is_led_to_an_open_request(scene: Scene) -> None:
    need = _needs(scene.asking().world.ben)[0]
    assert (need.tone, need.began, need.text) == ("info", "Asked by ada", "0 of 1 approval.")
    assert need.actions[0].primary
    assert need.actions[0].href == f"/approvals/{requests_open().get().pk}/"


@pytest.mark.parametrize(("who", "refusal"), [("ada", "asked for this"), ("cy", "reviewer role")])
def test_others_see_the_same_request_and_why_they_cannot_decide_it(scene: Scene, who: str, refusal: str) -> None:
    action = _needs(getattr(scene.asking().world, who))[0].actions[0]
    assert action.href == ""
    assert refusal in action.refusal


def test_an_approval_by_somebody_who_left_is_not_counted(scene: Scene) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    scene.asking()
    decision_record(actor=scene.world.ben, request_id=requests_open().get().pk, verdict="approve")
    assert _needs(scene.world.ada)[0].text == "1 of 2 approvals."
    User.objects.filter(pk=scene.world.ben.pk).update(is_active=False)
    assert _needs(scene.world.ada)[0].text == "0 of 2 approvals."


def test_a_deployment_without_a_ready_replica_comes_first(scene: Scene) -> None:
    scene.asking()
    Replica.objects.filter(stage__revision=scene.digits.live_revision).update(state="lost")
    assert _needs(scene.world.ada)[0].title == "digits has no replica ready"


def test_too_few_replicas_are_told_with_their_reason_only(scene: Scene) -> None:
    Replica.objects.filter(stage__revision=scene.digits.live_revision, slot=1).update(state="lost")
    assert _needs(scene.world.ada) == []
    Revision.objects.filter(pk=scene.digits.live_revision.pk).update(state_reason="No node has 8 GB free.")
    need = _needs(scene.world.ada)[0]
    assert (need.title, need.text) == ("digits runs 1 of 2 replicas", "No node has 8 GB free.")


def test_a_failed_rollout_is_told_until_a_later_revision_answers_it(scene: Scene) -> None:
    scene.broken()
    titles = [need.title for need in _needs(scene.world.ada)]
    assert "doorbell: the rollout of revision 1 failed" in titles
    doorbell = Revision.objects.get(deployment__name="doorbell").deployment
    make_revision(scene.world, doorbell, scene.first)
    assert "doorbell: the rollout of revision 1 failed" not in [need.title for need in _needs(scene.world.ada)]


def test_a_first_rollout_that_nothing_can_place_is_told_with_its_reason(scene: Scene) -> None:
    doorbell = make_deployment(scene.world, "doorbell")
    approve(scene.world, make_revision(scene.world, doorbell, scene.first))
    assert _needs(scene.world.ada) == []
    Node.objects.update(state=Node.State.AWAY)
    scene.fleet.reconcile()
    need = next(need for need in _needs(scene.world.ada) if need.title.startswith("doorbell"))
    assert (need.title, need.tone, need.began) == ("doorbell: the rollout of revision 1 waits", "warn", "Began")
    assert need.text.startswith("No node is up")
    assert need.text.endswith(" Nothing serves.")


def test_a_later_rollout_that_nothing_can_place_says_what_serves_meanwhile(scene: Scene) -> None:
    revision = make_revision(scene.world, scene.captions, scene.first)
    approve(scene.world, revision)
    Revision.objects.filter(pk=revision.pk).update(state_reason="No node has 8 GB free.")
    [need] = _needs(scene.world.ada)
    assert need.text == "No node has 8 GB free. Revision 1 keeps serving."


def test_a_corrupt_version_is_told_while_something_points_at_it(scene: Scene) -> None:
    version_mark_corrupt(version_id=scene.first.pk, path="w", reason="It is not what was registered.")
    assert _needs(scene.world.ada) == []
    version_mark_corrupt(version_id=scene.second.pk, path="w", reason="It is not what was registered.")
    assert [need.title for need in _needs(scene.world.ada)] == ["digits-av version 2 is corrupt"]


def test_silence_of_every_gateway_is_told(scene: Scene) -> None:
    GatewayReport.objects.update(reported_at=now() - timedelta(minutes=3))
    assert [need.title for need in _needs(scene.world.ada)] == ["No gateway is heard"]


def test_an_event_whose_listener_keeps_failing_is_told(scene: Scene) -> None:
    OutboxEvent.objects.create(name="approvals.granted", payload={}, attempts=5, last_error="ValueError: no")
    need = _needs(scene.world.ada)[0]
    assert need.title == "1 event waits for a listener that fails"
    assert need.text == "approvals.granted was tried 5 times: ValueError: no"


def test_the_owner_of_a_key_is_told_a_week_before_it_expires(scene: Scene) -> None:
    key, _ = key_create(actor=scene.world.ada, name="ci", scopes=["read"], expires_at=now() + timedelta(days=8))
    assert _needs(scene.world.ada) == []
    type(key).objects.filter(pk=key.pk).update(expires_at=now() + timedelta(days=6))
    [need] = _needs(scene.world.ada)
    assert need.title.startswith("Your API key ci expires on ")
    assert f"/api/v1/keys/{key.pk}/rotate" in need.text
    assert _needs(scene.world.ben) == []


@pytest.mark.parametrize("end", [key_rotate, key_revoke])
def test_a_key_that_was_replaced_or_revoked_is_not_told_of(scene: Scene, end: Any) -> None:
    key, _ = key_create(actor=scene.world.ada, name="ci", scopes=["read"], expires_at=now() + timedelta(days=6))
    end(actor=scene.world.ada, key_id=key.pk)
    assert _needs(scene.world.ada) == []
