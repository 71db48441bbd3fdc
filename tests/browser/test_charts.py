"""The charts of a deployment: every part of its traffic on one axis, over a time of the reader's choice."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from apps.console.figures import share
from apps.core.clock import now
from apps.monitoring.rules.sketches import quantile
from tests.browser.feed import Feed, shown
from tests.browser.tab import Tab
from tests.console.scene import Scene
from tests.drift.finished import finished_run
from tests.monitoring.labels import predicted, true
from workers.serving.sketch import noted

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/deployments/digits/"
ALL = ("throughput", "latency", "stages", "queues", "batches", "confidence", "errors", "reasons", "senses")
TOOK = {
    "stage/preprocess": {"3": 1000},
    "stage/infer": {"40": 1000},
    "queue/all": {"7": 1000},
    "batch/all": {"4": 1000},
    "confidence": {"0.9": 1000},
}


def _said(page: Page, name: str) -> str:
    return page.get_attribute(f'[data-plot="{name}"]', "aria-label") or ""


def test_what_stages_queues_and_batches_take_reaches_an_open_page(tab: Tab, feed: Feed) -> None:
    feed.push()
    page = tab.live(PAGE)
    feed.push(requests=1000, sketches=TOOK, errors={"model_failed": 20, "too_busy": 5})
    tab.until(lambda: f"infer {shown(40)}" in _said(page, "stages"))
    assert f"preprocess {shown(3)}" in _said(page, "stages")
    assert f"all {shown(7)}" in _said(page, "queues")
    assert "all 4" in _said(page, "batches")
    assert f"p10 {share(quantile(noted([(0.9, 1)]), 0.1))}" in _said(page, "confidence")
    assert "model_failed" in _said(page, "reasons") and "too_busy" in _said(page, "reasons")


@pytest.mark.parametrize(
    ("over", "words"), [("15m", "the last 15 minutes"), ("1h", "the last hour"), ("24h", "the last 24 hours")]
)
def test_how_far_back_is_chosen_in_the_address_and_told_of_every_chart(
    tab: Tab, busy: Scene, over: str, words: str
) -> None:
    true(busy.world, predicted("7", revision=2), "7")
    page = tab.open(PAGE)
    page.click(f'.ranges a:text-is("{over}")')
    page.wait_for_selector('[data-plot="judged"] canvas')
    assert page.url.endswith(f"?over={over}")
    assert page.inner_text('.ranges [aria-current="true"]') == over
    assert [name for name in (*ALL, "judged") if f"over {words}." not in _said(page, name)] == []


def test_accuracy_has_the_cursor_of_the_other_charts(tab: Tab, busy: Scene) -> None:
    tab.expect_errors("WebSocket")
    tab.page.route_web_socket("**/live/", lambda socket: socket.close())
    true(busy.world, predicted("7", revision=2), "7")
    page = tab.open(PAGE)
    page.wait_for_selector('[data-plot="judged"] canvas')
    assert "100 %" in page.inner_text('[data-key="judged"]').replace("100.0 %", "100 %")
    page.focus('[data-plot="throughput"]')
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    assert page.inner_text('[data-key="judged"]').count("—") == 2, "ten minutes back nothing was predicted"


def test_rollouts_and_arriving_labels_are_marked_and_lead_to_what_they_tell_of(tab: Tab, busy: Scene) -> None:
    true(busy.world, predicted("7", "3", revision=2), "7", "3")
    page = tab.open(PAGE)
    marked = page.locator(".marks li")
    assert marked.locator("a").all_inner_texts() == ["revision 2", "2 labels"]
    for mark, target in ((0, "#revision-2"), (1, "#accuracy")):
        marked.nth(mark).locator("a").click()
        assert page.url.endswith(target)
        assert page.locator(target).is_visible()


#: Keeps every text that a chart draws.
_KEEP_DRAWN = """
window.drawn = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  window.drawn.push(text);
  return fillText.call(this, text, ...more);
};
"""


def test_drift_is_drawn_where_a_run_found_it_and_leads_to_the_run(tab: Tab, busy: Scene) -> None:
    busy.digits.refresh_from_db()
    live = busy.digits.live_revision
    assert live is not None
    run = finished_run(busy.digits, live, now() - timedelta(minutes=10))
    tab.page.add_init_script(_KEEP_DRAWN)
    page = tab.open(PAGE)
    page.wait_for_selector('[data-plot="throughput"] canvas')
    tab.until(lambda: "image drifted" in page.evaluate("window.drawn"))
    mark = page.locator(".marks li.drift")
    assert mark.locator("a").all_inner_texts() == ["image drifted"]
    mark.locator("a").click()
    page.wait_for_url(f"**/drift/{run.pk}/")
    assert "brightness" in page.locator("main").inner_text()
