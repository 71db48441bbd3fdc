"""An input that a deployment answers without, on its open page."""

import pytest
from playwright.sync_api import expect

from apps.deployments.selectors import mutings_open, routing_deployments
from apps.deployments.services import input_mute
from tests.browser.feed import Feed
from tests.browser.tab import Tab
from tests.console.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_muted_input_shows_itself_on_an_open_page_and_the_button_gives_it_back(
    tab: Tab, scene: Scene, feed: Feed
) -> None:
    feed.push()
    page = tab.live("/deployments/digits/")
    panel = page.locator('[data-part="muted"]')
    expect(panel).to_be_empty()
    input_mute(actor=None, deployment=scene.digits, name="sound", reason="audio drifted: sound.snr", drift_run=7)
    page.get_by_role("heading", name="Answers without sound").wait_for()
    expect(panel).to_contain_text("by drift run 7: audio drifted: sound.snr")
    with page.expect_navigation():
        page.get_by_role("button", name="Give it to the model again").press("Enter")
    expect(panel).to_be_empty()
    assert not mutings_open().exists()
    assert routing_deployments()["digits"]["muted"] == []
