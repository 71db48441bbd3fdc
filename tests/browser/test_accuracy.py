"""Accuracy on a deployment's page, in a browser."""

import pytest

from tests.browser.feed import Feed
from tests.browser.tab import Tab
from tests.console.scene import Scene
from tests.deployments.makers import make_revision
from tests.monitoring.labels import predicted, true

pytestmark = pytest.mark.django_db(transaction=True)
KEY, PLOT = '[data-key="judged"]', '[data-plot="judged"]'
PAGE = "/deployments/digits/"


def test_without_the_socket_the_chart_tells_accuracy_with_interval_n_and_coverage(tab: Tab, busy: Scene) -> None:
    tab.expect_errors("WebSocket")
    tab.page.route_web_socket("**/live/", lambda socket: socket.close())
    true(busy.world, predicted("7", "3", "1", "9", revision=2), "7", "2")
    page = tab.open(PAGE)
    page.wait_for_selector(f"{PLOT} canvas")
    said = page.get_attribute(PLOT, "aria-label")
    assert said == (
        "Accuracy and label coverage over the last hour. accuracy 50.0 % (9.45 % to 90.5 %, n 2), label coverage 50.0 %"
    )
    page.focus(PLOT)
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    assert page.inner_text(KEY).count("—") == 2, "a gap is a gap"


def test_the_first_label_brings_the_chart_to_an_open_page(tab: Tab, scene: Scene, feed: Feed) -> None:
    feed.push()
    prediction = predicted("7", revision=2)
    page = tab.live(PAGE)
    assert page.locator(PLOT).count() == 0
    true(scene.world, prediction, "7")
    make_revision(scene.world, scene.digits, scene.first)  # a change of state: the page looks at once
    page.wait_for_selector(f"{PLOT} canvas")
    assert "n 1" in page.inner_text('[data-part="accuracy"]')
