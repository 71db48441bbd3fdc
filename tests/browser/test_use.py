"""People use the pages: by mouse, by keyboard, on a phone, in the dark."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.feed import Feed
from tests.browser.tab import PAGES, Tab
from tests.console.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)
REACHABLE = "a[href], button, input, select, textarea, [tabindex='0']"


def test_every_page_loads_without_an_error(tab: Tab, busy: Scene) -> None:
    for path in PAGES:
        page = tab.open(path)
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").count() == 1, path
        assert page.title().endswith("· Quartet"), path


def test_the_steps_of_a_rollout_stand_in_one_row(tab: Tab, busy: Scene) -> None:
    steps = tab.open("/deployments/digits/").locator(".steps li")
    tops = steps.evaluate_all("(items) => items.map((item) => item.getBoundingClientRect().top)")
    assert len(tops) > 4
    assert len(set(tops)) == 1


@pytest.mark.parametrize("context_options", [{"viewport": PHONE}])
def test_no_page_scrolls_sideways_on_a_phone(tab: Tab, busy: Scene, context_options: Any) -> None:
    wide = {}
    for path in [*PAGES, "/login/"]:
        width = tab.open(path).evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
    assert wide == {}


@pytest.mark.parametrize("context_options", [{"viewport": PHONE}])
def test_on_a_phone_a_deployments_state_is_still_said(tab: Tab, busy: Scene, context_options: Any) -> None:
    page = tab.open("/")
    assert page.locator("tbody .chip:visible", has_text="serving").count() == 2


@pytest.mark.parametrize("path", ["/", "/deployments/digits/", "/models/digits-av/versions/2/", "/login/"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(path: str, tab: Tab, busy: Scene) -> None:
    page = tab.open(path)
    expected = page.evaluate(f"[...document.querySelectorAll(`{REACHABLE}`)].filter((e) => e.checkVisibility()).length")
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(expected + 3):
        page.keyboard.press("Tab")
        place, outlined = page.evaluate(
            f"""(() => {{ const at = document.activeElement, style = getComputedStyle(at);
                 return [[...document.querySelectorAll(`{REACHABLE}`)].indexOf(at),
                         at === document.body || style.outlineStyle !== "none"]; }})()"""
        )
        assert outlined, page.evaluate("document.activeElement.outerHTML")
        reached.add(place)
    assert len(reached - {-1}) == expected


def test_the_first_tab_stop_skips_the_navigation(tab: Tab) -> None:
    page = tab.open("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_every_control_and_picture_has_a_name(tab: Tab, busy: Scene) -> None:
    for path in PAGES:
        nameless = tab.open(path).evaluate(
            """[...document.querySelectorAll("a[href], button, input:not([type=hidden]), [role=img]")].filter((e) =>
                 !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.textContent.trim() ||
                   e.closest("label"))).map((e) => e.outerHTML)"""
        )
        assert nameless == [], path


def test_ids_copy_with_a_click_and_say_so(tab: Tab, busy: Scene) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=tab.url)
    page = tab.open("/models/digits-av/versions/2/")
    button = page.locator(f'[data-copy="{busy.second.digest}"]').first
    button.click()
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == busy.second.digest
    page.wait_for_selector("text=Copied", state="detached")


def test_the_charts_cursor_is_shared_and_moves_by_arrow_keys(tab: Tab, busy: Scene) -> None:
    page = tab.open("/deployments/digits/")
    page.focus('[data-plot="throughput"]')
    # Ten minutes back there was traffic; fifteen minutes back lies the time in which nobody was heard.
    for back, known in ((60, True), (30, False)):
        for _ in range(back):
            page.keyboard.press("ArrowLeft")
        for name in (
            "throughput",
            "latency",
            "stages",
            "queues",
            "batches",
            "confidence",
            "errors",
            "reasons",
            "senses",
        ):
            assert ("—" not in page.inner_text(f'[data-key="{name}"]')) is known, name


def test_an_hour_without_requests_says_so(tab: Tab, feed: Feed) -> None:
    page = tab.open("/deployments/digits/")
    assert page.get_attribute("[data-plot=latency]", "data-empty") == "No requests in the last hour"
    assert page.get_attribute("[data-plot=confidence]", "data-empty") == "No confidences in the last hour"


def test_times_stay_true_while_the_page_stays_open(tab: Tab, busy: Scene) -> None:
    tab.expect_errors("WebSocket")  # to the connection, two hours pass in a moment
    tab.page.clock.install()
    page = tab.open("/audit/")
    page.clock.fast_forward("02:00:00")
    tab.until(lambda: page.locator("time").first.inner_text().endswith("h ago"))
    assert "UTC" in (page.locator("time").first.get_attribute("title") or "")


@pytest.mark.parametrize("context_options", [{"viewport": DESKTOP, "color_scheme": "light"}])
def test_the_theme_can_be_switched_and_is_remembered(tab: Tab, busy: Scene, context_options: Any) -> None:
    page = tab.open("/deployments/digits/")
    light = _ground(page)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = _ground(page)
    assert light != dark
    page.reload()
    assert _ground(page) == dark
    page.get_by_role("button", name="Switch between light and dark").click()
    assert _ground(page) == light


def _ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
