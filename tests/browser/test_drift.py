"""The pages of drift in a browser: verdicts, samples to look at and listen to, Evidently's report in its sandbox."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Frame, Page

from apps.console.media import TEXT
from apps.core.clock import now
from apps.datasets.services import Content
from apps.drift.models import DriftGroup, DriftResult, DriftRun
from apps.drift.services import run_request, runs_perform
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.feed import Feed
from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.browser.test_contrast import TEXTS, poor_texts
from tests.browser.test_use import REACHABLE
from tests.console.scene import Scene
from tests.drift.finished import finished_run
from tests.drift.recorded import Signals, Watched
from tests.monitoring.labels import true
from tests.serving import clips
from workers.relay import relay_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(scene: Scene) -> DriftRun:
    """Of digits: its pictures drifted, after three runs in which nothing had."""
    scene.digits.refresh_from_db()
    live = scene.digits.live_revision
    assert live is not None
    for back in (4, 3, 2):
        before = finished_run(scene.digits, live, now() - timedelta(hours=back), verdict="steady")
        DriftGroup.objects.filter(run=before, name="image").update(state="steady", reason="", driving=[])
        DriftResult.objects.filter(run=before, name="image.brightness").update(state="steady")
    return finished_run(scene.digits, live)


def _page(run: DriftRun) -> str:
    return f"/drift/{run.pk}/"


def test_a_run_shows_its_samples_with_a_picture_and_a_sound_that_plays(tab: Tab, scene: Scene, run: DriftRun) -> None:
    true(scene.world, UUID(run.groups.get(name="image").driving[0]["prediction"]), "3")
    page = tab.open(_page(run))
    page.wait_for_load_state("networkidle")
    assert page.locator(".samples li").count() == 3
    widths = page.locator(".samples img").evaluate_all("(all) => all.map((each) => each.naturalWidth)")
    assert widths == [28, 28, 28]
    assert "says 7 at 0.75, is 3" in page.locator(".samples li").first.inner_text()
    sound = page.locator(".samples audio").first
    sound.evaluate("(sound) => { sound.muted = true; return sound.play(); }")
    tab.until(lambda: sound.evaluate("(sound) => sound.currentTime") > 0.1)
    sound.evaluate("(sound) => { sound.currentTime = 0.9 * sound.duration; }")
    tab.until(lambda: sound.evaluate("(sound) => sound.ended"))


def test_a_run_shows_a_video_that_plays_and_a_sentence_word_for_word(tab: Tab, scene: Scene) -> None:
    scene.digits.refresh_from_db()
    live = scene.digits.live_revision
    assert live is not None
    said = "Is this <b>seven</b>?"
    clip = Content(clips.clip("webm", sound=clips.tone(1.0)), "video/webm")
    run = finished_run(scene.digits, live, more={"clip": clip, "words": Content(said.encode(), TEXT)})
    page = tab.open(_page(run))
    videos = page.locator(".samples video")
    assert (videos.count(), page.locator(".samples blockquote").all_inner_texts()) == (3, [said] * 3)
    video = videos.first
    tab.until(lambda: video.evaluate("(video) => video.readyState") > 0)
    assert video.evaluate("(video) => [video.videoWidth, video.videoHeight]") == [64, 48]
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    tab.until(lambda: video.evaluate("(video) => video.ended"))


def test_a_deployment_shows_the_strip_and_leads_to_the_run(tab: Tab, run: DriftRun) -> None:
    page = tab.open("/deployments/digits/")
    strip = page.locator("#drift tr", has_text="image").first.locator("svg")
    assert strip.get_attribute("aria-label") == "image: steady 3 times, then drifted once"
    page.get_by_role("link", name="Last run").click()
    assert page.locator("h1").inner_text() == f"Drift run {run.pk}"


def test_a_run_that_ends_shows_itself_on_an_open_page(tab: Tab, scene: Scene, run: DriftRun, feed: Feed) -> None:
    feed.push()
    page = tab.live("/deployments/digits/")
    page.get_by_role("button", name="Run now").click()
    page.wait_for_selector("text=It waits for the analysis process")
    runs_perform()
    page.wait_for_selector('[data-part="groups"] .modality')
    assert page.locator("text=It waits").count() == 0


@pytest.mark.parametrize(
    "context_options", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"]
)
def test_every_text_on_the_pages_of_drift_can_be_read(tab: Tab, run: DriftRun, context_options: Any) -> None:
    for path in ("/drift/", _page(run), f"{_page(run)}report/", "/deployments/digits/"):
        assert poor_texts(tab.open(path).evaluate(TEXTS)) == [], path


@pytest.mark.parametrize("context_options", [{"viewport": PHONE}])
def test_the_pages_of_drift_fit_a_phone(tab: Tab, run: DriftRun, context_options: Any) -> None:
    for path in ("/drift/", _page(run), f"{_page(run)}report/", "/deployments/digits/", "/"):
        assert tab.open(path).evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


@pytest.mark.parametrize("context_options", [{"viewport": DESKTOP}])
def test_the_keyboard_reaches_every_link_and_player_of_a_run(tab: Tab, run: DriftRun, context_options: Any) -> None:
    page = tab.open(_page(run))
    wanted = page.evaluate(f"[...document.querySelectorAll(`{REACHABLE}`)].filter((e) => e.checkVisibility()).length")
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(wanted + 30):  # a player has stops of its own
        page.keyboard.press("Tab")
        reached.add(page.evaluate(f"[...document.querySelectorAll(`{REACHABLE}`)].indexOf(document.activeElement)"))
    assert len(reached - {-1}) == wanted


@pytest.fixture
def recorded(scene: Scene) -> DriftRun:
    """A run over recorded predictions whose pictures turned dark."""
    watched = Watched(scene.world, name="cameras")
    watched.profile(300)
    watched.record(200, _dark)
    run_request(actor=scene.world.ada, deployment=watched.deployment)
    return watched.run()


def _dark(signals: Signals) -> None:
    signals["image"]["brightness"] -= 2
    signals["image"]["embedding"] = [each - 2 for each in signals["image"]["embedding"]]


def test_evidentlys_report_is_made_by_another_process_and_is_shown_in_a_sandbox(
    tab: Tab, site: Site, recorded: DriftRun, feed: Feed
) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    feed.push()
    site.start("analysis")
    try:
        page = tab.live(f"{_page(recorded)}report/")
        page.get_by_role("button", name="Have it made").click()
        relay_run()
        page.wait_for_selector("iframe.report", timeout=180_000)
    finally:
        site.stop("analysis")
    frame = _frame(page)
    frame.wait_for_selector("text=image.brightness", timeout=60_000)
    assert "Data drift detected. Drift detection method: model" in frame.inner_text("body")
    foreign = [url for url in asked if not url.startswith((tab.url, "data:", "blob:"))]
    assert foreign == [], "no script, font or picture of anybody else"

    tab.expect_errors("Content Security Policy", "Failed to fetch", "violates the following", "connect-src")
    for reach in ("document.cookie", "parent.document.title", "localStorage.length", "top.location.href"):
        assert _refusal(frame, reach) == "SecurityError", reach
    assert frame.evaluate("fetch('/api/v1/deployments').then(() => 'let in', (error) => error.name)") == "TypeError"
    page.goto(f"{tab.url}{_page(recorded)}report/content")
    assert _refusal(page.main_frame, "document.cookie") == "SecurityError", "nor without a frame around it"
    tab.expect_errors("404 .*/kept/", "404 \\(Not Found\\)")  # these predictions were recorded without their files
    page.goto(tab.url + _page(recorded))
    assert page.locator("tr", has_text="image.brightness").first.locator("text=K-S p_value").count() == 1


def _frame(page: Page) -> Frame:
    element = page.locator("iframe.report").element_handle()
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    return frame


def _refusal(frame: Frame, reach: str) -> str:
    return str(
        frame.evaluate(f"(() => {{ try {{ return String({reach}); }} catch (error) {{ return error.name; }} }})()")
    )
