"""A rollout by degrees is moved on its deployment's page by the buttons that are there."""

import pytest
from playwright.sync_api import Page, Route, expect

from apps.deployments.models import Rollout
from apps.deployments.selectors import routing_deployments
from apps.deployments.services import rollout_promote
from tests.browser.tab import Tab
from tests.console.scene import DIGITS, Scene
from tests.deployments.makers import approve, make_revision, make_version

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/deployments/digits/"


@pytest.fixture
def rollout(scene: Scene) -> Rollout:
    """Revision 3 of `digits` has 10 % of the traffic."""
    version = make_version(scene.world, 3, manifest=DIGITS, parent=scene.second)
    plan = {"strategy": "canary", "canary": {"steps": [10, 20, 50]}, "keep_s": 600}
    revision = make_revision(scene.world, scene.digits, version, **plan)
    approve(scene.world, revision)
    scene.fleet.beat()
    scene.fleet.bring_up()
    return Rollout.objects.get(to_revision=revision)


def weights() -> dict[int, int]:
    return {split["revision"]: split["weight"] for split in routing_deployments()["digits"]["splits"]}


def press(page: Page, name: str) -> None:
    """Press a button and wait for what it answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def stay(route: Route) -> None:
    """A page that gets no news of itself."""
    route.abort() if "x-fragment" in route.request.headers else route.continue_()


def test_it_is_held_let_go_promoted_step_by_step_and_sent_back(tab: Tab, rollout: Rollout) -> None:
    page = tab.open(PAGE)
    press(page, "Pause")
    expect(page.get_by_text("It waits for a person. Paused by ada.")).to_be_visible()
    press(page, "Resume")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    for share in (20, 50):
        press(page, f"Promote to {share} %")
        assert weights() == {2: 100 - share, 3: share}
    press(page, "Promote to all traffic")
    assert weights() == {3: 100}
    press(page, "Roll back to revision 2")
    assert weights() == {2: 100}
    rollout.refresh_from_db()
    assert rollout.state == "rolled_back"


def test_it_is_aborted(tab: Tab, rollout: Rollout) -> None:
    page = tab.open(PAGE)
    press(page, "Abort: all traffic to revision 2")
    assert weights() == {2: 100}
    expect(page.get_by_text("Aborted by ada.").first).to_be_visible()


def test_a_page_that_shows_an_earlier_step_promotes_nothing_and_says_so(
    tab: Tab, scene: Scene, rollout: Rollout
) -> None:
    tab.expect_errors("409", "ERR_FAILED")
    tab.page.route(f"**{PAGE}", stay)
    page = tab.open(PAGE)
    rollout_promote(actor=scene.world.ada, rollout_id=rollout.pk)
    press(page, "Promote to 20 %")
    expect(page.get_by_text("This rollout is at another step by now, with 20 % of the traffic")).to_be_visible()
    assert weights() == {2: 80, 3: 20}
    page.get_by_role("link", name="Back to digits").click()
    expect(page.get_by_role("button", name="Promote to 50 %")).to_be_visible()
