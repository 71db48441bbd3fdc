"""Numbers and states reach an open page by themselves."""

import time
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Page

from apps.deployments.models import Replica
from tests.browser.feed import Feed, shown
from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.console.scene import Scene
from tests.deployments.makers import make_revision

pytestmark = pytest.mark.django_db(transaction=True)
P50 = '[data-figure="digits.p50"]'


def _text(page: Page, selector: str) -> str:
    return page.inner_text(selector)


def test_a_pushed_number_is_on_the_page_within_two_seconds(tab: Tab, feed: Feed) -> None:
    feed.push()
    page = tab.live("/deployments/digits/")
    lags = []
    for step in range(2, 9):
        # Each entry outweighs those before it, so the median is its own latency.
        pushed = feed.push(requests=10**step, latency={f"{step * 100}": 10**step})
        page.wait_for_selector(f'{P50}:text-is("{shown(step * 100)}")')
        lags.append(time.monotonic() - pushed)
    print(f"push to page, seconds: median {median(lags):.2f}, worst {max(lags):.2f}")
    assert median(lags) <= 2.0


def test_the_overview_shows_every_deployment_live(tab: Tab, feed: Feed) -> None:
    feed.push("captions", 1, requests=40)
    page = tab.live("/")
    tab.until(lambda: _text(page, '[data-figure="captions.p95"]') == "10 ms")
    assert _text(page, '[data-figure="digits.rate"]') == "0"


def test_numbers_change_without_the_layout_moving(tab: Tab, busy: Scene, feed: Feed) -> None:
    tab.page.add_init_script(
        """window.shifted = 0; new PerformanceObserver((list) => {
             for (const entry of list.getEntries()) window.shifted += entry.value;
           }).observe({ type: "layout-shift", buffered: true });"""
    )
    for path in ("/", "/deployments/digits/"):
        page = tab.live(path)
        for step in range(1, 5):
            feed.push(requests=10**step, latency={f"{step * 333}": 10**step})
            page.wait_for_timeout(600)
        assert page.evaluate("window.shifted") < 0.01, path


def test_a_change_of_state_arrives_without_a_reload_and_leaves_the_focus_where_it_was(
    tab: Tab, scene: Scene, feed: Feed
) -> None:
    feed.push()
    page = tab.live("/")
    page.evaluate("window.same = true")
    page.focus('[data-part="deployments"] a[href="/deployments/digits/"]')
    Replica.objects.filter(stage__revision=scene.digits.live_revision).update(state="lost")
    page.wait_for_selector("text=digits has no replica ready")
    page.wait_for_selector('[data-part="deployments"] .chip.bad:visible')
    assert page.evaluate("window.same") is True
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/deployments/digits/"


def test_the_charts_last_point_is_the_live_one(tab: Tab, busy: Scene, feed: Feed) -> None:
    page = tab.live("/deployments/digits/")
    feed.push(requests=100_000, latency={"777": 100_000})
    tab.until(lambda: shown(777) in _text(page, '[data-key="latency"]'))
    assert f"p99 {shown(777)}" in (page.get_attribute('[data-plot="latency"]', "aria-label") or "")


def test_a_new_revision_gets_a_line_of_its_own(tab: Tab, busy: Scene, feed: Feed) -> None:
    page = tab.live("/deployments/digits/")
    assert "revision 3" not in _text(page, '[data-key="throughput"]')
    feed.push(revision=3)
    tab.until(lambda: "revision 3" in _text(page, '[data-key="throughput"]'))


def test_a_page_finds_what_it_missed_when_the_site_comes_back(tab: Tab, scene: Scene, feed: Feed, site: Site) -> None:
    tab.expect_errors("WebSocket connection", "ERR_CONNECTION_REFUSED")
    feed.push()
    page = tab.live("/deployments/captions/")
    page.evaluate("window.same = true")
    site.stop("web")
    page.wait_for_selector('[data-live][data-state="reconnecting"]')
    assert _text(page, "[data-live]") == "reconnecting"
    make_revision(scene.world, scene.captions, scene.first)
    site.start("web")
    page.wait_for_selector("#revision-2 >> text=waits for approval")
    page.wait_for_selector('[data-live][data-state="live"]')
    assert page.evaluate("window.same") is True


def test_numbers_that_stop_are_called_stopped_with_the_time(tab: Tab, feed: Feed, site: Site) -> None:
    feed.push()
    page = tab.live("/")
    site.stop("ingest")
    try:
        page.wait_for_selector('[data-live][data-state="stopped"]')
        assert _text(page, "[data-live]").startswith("stopped at ")
    finally:
        site.start("ingest")
    feed.push()
    page.wait_for_selector('[data-live][data-state="live"]')


def test_signing_out_in_one_tab_sends_the_other_to_the_door(tab: Tab, feed: Feed) -> None:
    tab.expect_errors("WebSocket")
    feed.push()
    other = tab.live("/")
    mine = tab.context.new_page()
    mine.goto(tab.url)
    mine.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/login/**", timeout=40_000)


@pytest.mark.parametrize("path", ["/", "/deployments/digits/"])
def test_without_the_socket_the_page_is_right_as_of_its_load(path: str, tab: Tab, busy: Scene) -> None:
    tab.expect_errors("WebSocket")
    tab.page.route_web_socket("**/live/", lambda socket: socket.close())
    page = tab.open(path)
    rate = _text(page, '[data-figure="digits.rate"]')
    assert rate.isdigit()
    page.wait_for_selector('[data-live][data-state="reconnecting"]')
    assert _text(page, '[data-figure="digits.rate"]') == rate


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}])
def test_without_scripts_the_page_still_tells_everything(tab: Tab, busy: Scene, context_options: Any) -> None:
    page = tab.open("/")
    assert "as of " in _text(page, "[data-live]")
    assert page.locator(".need").count() == 5
    assert _text(page, '[data-figure="digits.rate"]').isdigit()
