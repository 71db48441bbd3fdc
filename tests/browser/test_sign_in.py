"""The door."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.site import Site
from tests.browser.tab import Tab
from tests.console.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"


@pytest.fixture
def visitor(chromium: Browser, site: Site, scene: Scene) -> Iterator[Tab]:
    """Ada before she signed in."""
    scene.world.ada.set_password(PASSWORD)
    scene.world.ada.save(update_fields=["password"])
    context = chromium.new_context()
    tab = Tab(context, site.url)
    yield tab
    context.close()
    assert tab.errors == []


def _fill(tab: Tab, name: str, password: str) -> None:
    tab.page.get_by_label("Name").fill(name)
    tab.page.get_by_label("Password").fill(password)
    tab.page.keyboard.press("Enter")


def test_signing_in_leads_to_the_page_that_was_asked_for(visitor: Tab) -> None:
    page = visitor.open("/models/?from=mail")
    assert page.evaluate("document.activeElement.name") == "username"
    _fill(visitor, "ada", PASSWORD)
    page.wait_for_url("**/models/?from=mail")
    assert page.inner_text("h1") == "Models"


def test_a_wrong_password_is_said_without_saying_which_half_was_wrong(visitor: Tab) -> None:
    page = visitor.open("/")
    for name in ("ada", "nobody"):
        _fill(visitor, name, "wrong")
        assert page.get_by_role("alert").inner_text().startswith("This name and password do not match")
        assert page.get_by_label("Name").input_value() == name


def test_signing_out_closes_every_page(visitor: Tab) -> None:
    page = visitor.open("/")
    _fill(visitor, "ada", PASSWORD)
    page.wait_for_selector("h1 >> text=Overview")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")
    visitor.open("/deployments/digits/")
    assert "/login/" in page.url
