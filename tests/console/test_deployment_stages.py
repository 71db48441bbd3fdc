"""The deployment page tells how stages stand, and brings the kept revision back."""

import re

import pytest
from django.test import Client

from apps.console.states import deployment_state
from apps.deployments.models import Revision, StageScale
from apps.deployments.services import deployment_create
from tests.console.conftest import signed_in
from tests.console.scene import DIGITS, Scene
from tests.deployments.graphs import group
from tests.deployments.makers import Fleet, approve, make_revision, make_version, settle
from tests.world import World

pytestmark = pytest.mark.django_db
STEPS = ("preprocess", "infer", "postprocess")


@pytest.fixture
def kept(world: World) -> Revision:
    """The second revision of `words` is live with a postprocess of its own, and the first is kept."""
    fleet = Fleet()
    deployment = deployment_create(actor=world.ada, name="words")
    version = make_version(world, manifest=DIGITS)
    make_version(world, 2, manifest=DIGITS)
    groups = [group(step, step, min_replicas=1, max_replicas=3) for step in STEPS]
    fleet.go_live(world, deployment, make_revision(world, deployment, version, stages=groups))
    changed = [*groups[:2], groups[2] | {"version": 2}]
    second = make_revision(world, deployment, version, stages=changed, keep_s=90)
    approve(world, second)
    fleet.bring_up()
    fleet.reconcile(fleet.moved(deployment))
    settle(deployment, 60)
    fleet.reconcile(fleet.moved(deployment))
    return second


def text(client: Client, path: str = "/deployments/words/") -> str:
    """What a reader sees."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", client.get(path).content.decode()))


def test_each_stage_says_its_count_bounds_and_why(kept: Revision) -> None:
    StageScale.objects.filter(stage__revision=kept).update(reason="Fewer replicas were enough for 60 s.")
    page = text(signed_in(kept.requested_by))
    assert page.count("1 of 1 replica ready (1 to 3)") == 3
    assert "Fewer replicas were enough for 60 s." in page


def test_what_is_shared_and_what_is_of_another_version_is_told(kept: Revision) -> None:
    page = text(signed_in(kept.requested_by))
    assert page.count("the replicas of revision 1, unchanged") == 2
    assert page.count("· of v2") == 1


def test_the_kept_revision_has_a_button_for_who_may_press_it(world: World, kept: Revision) -> None:
    assert "Roll back to revision 1" in text(signed_in(world.ada))
    assert "Revision 1 is kept ready, for 90 s" in text(signed_in(world.cy))
    assert "Roll back to" not in text(signed_in(world.cy))


def test_the_button_sends_the_traffic_back(world: World, kept: Revision) -> None:
    answer = signed_in(world.ada).post("/deployments/words/rollback")
    assert (answer.status_code, answer["Location"]) == (302, "/deployments/words/")
    kept.deployment.refresh_from_db()
    assert kept.deployment.live_revision.number == 1
    assert "Roll back to" not in text(signed_in(world.ada))


def test_pressed_too_late_it_says_why(world: World, kept: Revision) -> None:
    client = signed_in(world.ada)
    client.post("/deployments/words/rollback")
    answer = client.post("/deployments/words/rollback")
    assert answer.status_code == 409
    assert "keeps no earlier revision" in answer.content.decode()


def test_a_forged_press_is_refused(world: World, kept: Revision) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ada)
    assert client.post("/deployments/words/rollback").status_code == 403


@pytest.mark.parametrize(("who", "path", "status"), [("cy", "words", 403), ("ada", "none", 404)])
def test_who_may_not_and_what_is_not_there(world: World, kept: Revision, who: str, path: str, status: int) -> None:
    assert signed_in(getattr(world, who)).post(f"/deployments/{path}/rollback").status_code == status


def test_looking_does_not_roll_back(world: World, kept: Revision) -> None:
    assert signed_in(world.ada).get("/deployments/words/rollback").status_code == 405


def test_a_deployment_that_nobody_asks_is_asleep_and_no_alarm(scene: Scene) -> None:
    live = scene.digits.live_revision
    assert deployment_state(live, live, None, 0, 0).word == "asleep"
