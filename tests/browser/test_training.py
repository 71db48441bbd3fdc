"""A training job's page while a real child process trains: it moves by itself, and ends where its button says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from apps.training.services import job_cancel
from tests.browser.tab import Tab
from tests.console.scene import Scene
from tests.training_jobs.hosting import Hosting
from tests.training_jobs.texts import classifier, requested

pytestmark = pytest.mark.django_db(transaction=True)
#: More than it takes in the time of a test: it is cancelled where the test ends.
STEPS = 50_000


@pytest.fixture
def training(scene: Scene, home: Path, tmp_path: Path) -> Iterator[Hosting]:
    """A small classifier that learns, in a child process of its own."""
    parent = classifier(scene.world, tmp_path / "classifier")
    steps = {"steps": STEPS, "checkpoint_every": 200}
    hosting = Hosting(requested(scene.world, parent, parameters=steps)).start()
    yield hosting
    if hosting.now().state == "running":
        job_cancel(actor=scene.world.ada, job=hosting.job)
    hosting.ends()


def bar(page: Page) -> float:
    """How far the progress bar has come, in per cent."""
    return float((page.get_attribute('[data-part="progress"] rect', "width") or "0").rstrip("%"))


def step(page: Page) -> int:
    """The step that the page tells."""
    told = re.search(r"step ([\d,\u202f\u00a0 ]+) of", page.inner_text('[data-part="progress"]'))
    return int(re.sub(r"\D", "", told.group(1))) if told else 0


def line(page: Page) -> str:
    """The loss curve as it is drawn."""
    path = page.locator('[data-part="loss"] path')
    return (path.get_attribute("d") or "") if path.count() else ""


def log(page: Page) -> str:
    written = page.locator("pre.log")
    return written.inner_text() if written.count() else ""


def test_bar_curve_and_log_move_while_it_trains_and_its_button_ends_it(tab: Tab, training: Hosting) -> None:
    page = tab.live(f"/training/{training.job.pk}/")
    page.evaluate("window.same = true")
    tab.until(lambda: step(page) and line(page) and "loss" in log(page), seconds=120)
    seen = bar(page), step(page), line(page), log(page)
    tab.until(lambda: bar(page) > seen[0] and step(page) > seen[1], seconds=60)
    tab.until(lambda: line(page) != seen[2], seconds=60)
    tab.until(lambda: log(page) != seen[3], seconds=60)
    assert page.evaluate("window.same") is True, "nothing was loaded anew"
    assert training.now().state == "running"
    assert step(page) <= training.job.step
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator('[data-part="chips"]')).to_contain_text("cancelled", timeout=60_000)
    expect(page.get_by_text("ada cancelled it.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
