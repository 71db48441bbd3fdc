"""Chromium, a live site, and tabs that tolerate no error."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from redis import Redis

from tests.browser.feed import Feed
from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.console.scene import Scene, hour_of_traffic
from tests.world import World

HERE = Path(__file__).parent
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str:
    """The browser of QUARTET_CHROMIUM, of install_chromium.py, or of the system; a missing one is no reason to skip."""
    cached = HERE.parents[1] / ".cache" / "chromium-path"
    found = os.environ.get("QUARTET_CHROMIUM") or (cached.read_text().strip() if cached.exists() else "")
    return (
        found or shutil.which("chromium") or pytest.fail("No Chromium: run 'python tests/browser/install_chromium.py'.")
    )


# Not for the whole session: Playwright keeps an event loop running, in which later asynchronous tests could not start.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # That loop also makes Django refuse to touch the database from this thread, which is not what the refusal is for.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE") if before is None else None


@pytest.fixture(scope="package")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    site = Site()
    site.start("web", "ingest")
    yield site
    site.end()


@pytest.fixture
def scene(transactional_db: None, valkey: Redis) -> Scene:
    """Two deployments that serve, committed, so that the site's processes see them."""
    return Scene(World.create())


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """The scene with an hour behind it, an open request, a failed rollout, a corrupt version and alerts."""
    scene.asking().broken()
    hour_of_traffic()
    scene.alarming()
    return scene


@pytest.fixture
def feed(scene: Scene, valkey: Redis) -> Feed:
    """A gateway's hand."""
    return Feed(valkey)


@pytest.fixture
def context_options() -> dict[str, Any]:
    """What kind of device the tab is on; tests override it by parametrising."""
    return {"viewport": DESKTOP}


@pytest.fixture
def tab(chromium: Browser, site: Site, scene: Scene, context_options: dict[str, Any]) -> Iterator[Tab]:
    """Ada's tab. It closes before the database is emptied, and whatever went wrong in it fails the test."""
    context = chromium.new_context(**context_options)
    tab = Tab(context, site.url).sign_in(scene.world.ada)
    yield tab
    context.close()
    assert tab.errors == []
