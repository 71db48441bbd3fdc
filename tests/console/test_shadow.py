"""The deployment page and the overview tell of a revision in the shadow, with a button for whoever may decide."""

import re

import pytest
from django.test import Client

from apps.core.clock import now
from apps.deployments.models import Rollout
from apps.deployments.services import deployment_create
from tests.console.conftest import signed_in
from tests.console.scene import DIGITS
from tests.deployments.makers import Fleet, approve, make_revision, make_version
from tests.world import World

pytestmark = pytest.mark.django_db

MEASURE = {
    **{"name": "differs", "baseline": 0.0, "candidate": 0.2, "low": 0.15, "high": 0.26, "margin": 0.15},
    **{"verdict": "inconclusive", "reason": "It answers with another label in 20.0% of 300."},
}
MIRRORS = {
    **{"compared": 300, "failed": 2, "agreement": 0.8, "confidence_shift": -0.031},
    **{"sent": 305, "dropped": 12},
}


@pytest.fixture
def shadow(world: World) -> Rollout:
    fleet, deployment = Fleet(), deployment_create(actor=world.ada, name="words")
    fleet.go_live(world, deployment, make_revision(world, deployment, make_version(world, manifest=DIGITS)))
    version = make_version(world, 2, manifest=DIGITS)
    revision = make_revision(world, deployment, version, strategy="shadow", shadow={"share": 40})
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    figures = {"verdict": "inconclusive", "reason": MEASURE["reason"], "baseline": 300, "candidate": 300}
    Rollout.objects.filter(to_revision=revision).update(
        comparison=figures | {"measures": [MEASURE], "mirrors": MIRRORS}
    )
    return Rollout.objects.get(to_revision=revision)


def text(client: Client, path: str = "/deployments/words/") -> str:
    """What a reader sees."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", client.get(path).content.decode()))


def test_it_says_who_answers_and_how_much_is_asked_in_the_shadow(world: World, shadow: Rollout) -> None:
    page = text(signed_in(world.cy))
    assert "Revision 2 is in the shadow" in page
    assert "revision 1 answers everything, and 40 % of what it answers is asked of revision 2 too" in page
    assert "it waits for a person" in page


def test_it_says_what_was_measured_and_dropped(world: World, shadow: Rollout) -> None:
    page = text(signed_in(world.cy))
    assert "labelled otherwise0.0%20.0%+15.0% to +26.0%+15%" in page
    assert "300 mirrored requests compared; the same label for 80.0% of the samples; confidence -0.031" in page
    assert "2 failed, 12 were dropped as it was behind." in page


def test_who_may_decide_has_buttons_and_nobody_else(world: World, shadow: Rollout) -> None:
    page = text(signed_in(world.ada))
    assert "Promote to all traffic Pause Abort: revision 1 stays" in page
    assert "Promote" not in text(signed_in(world.cy))


def test_a_button_promotes_it(world: World, shadow: Rollout) -> None:
    seen = {"rollout": shadow.pk, "step": shadow.step}
    signed_in(world.ada).post("/deployments/words/rollout", {"act": "promote", **seen})
    shadow.refresh_from_db()
    assert shadow.state == "shifting"


def test_one_that_passed_asks_on_the_overview(world: World, shadow: Rollout) -> None:
    Rollout.objects.filter(pk=shadow.pk).update(paused_at=now(), pause_reason="It passed. It is no worse.")
    page = text(signed_in(world.ada), "/")
    assert "It is asked in the shadow and answers nobody. It passed. It is no worse." in page
