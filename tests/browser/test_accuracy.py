"""Accuracy on a deployment's page, in a browser."""

import pytest
from playwright.sync_api import Page

from tests.browser.feed import Feed
from tests.browser.tab import Tab
from tests.console.scene import Scene
from tests.monitoring.labels import predicted, true

pytestmark = pytest.mark.django_db(transaction=True)
KEY, PLOT = '[data-key="judged"]', '[data-plot="judged"]'
PAGE = "/deployments/digits/"
#: Milliseconds: far more than a label takes, and less than the minute after which a page fetches itself in any case.
SOON = 40_000


def newest_point(page: Page) -> str:
    """What the chart says of its newest minute with labels, reached by the keyboard; the minute may have turned."""
    page.focus(PLOT)
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
        said = page.get_attribute(PLOT, "aria-label") or ""
        if "revision 2 —" not in said:
            return said
    raise AssertionError("the last minutes have no labels")


def test_without_the_socket_the_chart_tells_accuracy_with_interval_n_and_coverage(tab: Tab, busy: Scene) -> None:
    tab.expect_errors("WebSocket")
    tab.page.route_web_socket("**/live/", lambda socket: socket.close())
    true(busy.world, predicted("7", "3", "1", "9", revision=2), "7", "2")
    page = tab.open(PAGE)
    page.wait_for_selector(f"{PLOT} canvas")
    assert newest_point(page) == (
        "Accuracy and label coverage over the last hour. "
        "revision 2 50.0 % (9.45 % to 90.5 %, n 2), label coverage 50.0 %"
    )
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(KEY).count("—") == 2, "a gap is a gap"


def test_labels_reach_an_open_page(tab: Tab, scene: Scene, feed: Feed) -> None:
    feed.push()
    prediction = predicted("7", "3", revision=2)
    page = tab.live(PAGE)
    page.wait_for_load_state("networkidle")  # it has fetched itself on connecting, and does so again in a minute
    assert page.locator(PLOT).count() == 0
    true(scene.world, prediction, "7")
    page.wait_for_selector(f"{PLOT} canvas", timeout=SOON)
    page.wait_for_selector('[data-part="accuracy"] >> text="100 %"')
    page.wait_for_selector('[data-live][data-state="live"]')
    page.wait_for_load_state("networkidle")
    page.evaluate("window.same = true")
    true(scene.world, prediction, None, "7")
    page.wait_for_selector('[data-part="accuracy"] >> text=/n 2$/', timeout=SOON)
    assert "revision 2 50.0 %" in newest_point(page), "the chart has it too"
    assert page.evaluate("window.same") is True, "without a reload"
