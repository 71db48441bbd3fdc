"""Alerts in a browser: they come to an open page, are narrowed, and somebody sees to one."""

import re
from dataclasses import replace
from typing import Any

import pytest

from apps.monitoring.models import Alert
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import alert_raise, alert_resolve
from tests.browser.conftest import PHONE
from tests.browser.feed import Feed
from tests.browser.tab import Tab
from tests.console.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)
BURNS = Finding("availability", "digits burns", Severity.PAGE, "digits", "availability", "20 % failed.", "model")
BADGE = '.badge:has([data-figure="alerts.open"])'


def test_an_alert_comes_to_an_open_page_and_goes_when_it_is_resolved(tab: Tab, scene: Scene, feed: Feed) -> None:
    feed.push()
    page = tab.live("/alerts/")
    assert page.is_hidden(BADGE)
    alert_raise(finding=BURNS)
    page.wait_for_selector(".alert >> text=digits burns")
    tab.until(lambda: page.inner_text(BADGE).startswith("1"))
    alert_resolve(key=BURNS.key, why="It holds again.")
    page.wait_for_selector(".alert", state="detached")
    page.wait_for_selector('[data-part="resolved"] >> text=It holds again.')
    tab.until(lambda: page.is_hidden(BADGE))


def test_it_comes_to_the_overview_and_to_its_deployments_page(tab: Tab, scene: Scene, feed: Feed) -> None:
    feed.push()
    for path, place in (("/", ".need"), ("/deployments/digits/", ".open-alerts")):
        page = tab.live(path)
        assert page.locator(f"{place} >> text=digits burns").count() == 0
        alert_raise(finding=BURNS)
        page.wait_for_selector(f"{place} >> text=digits burns")
        alert_resolve(key=BURNS.key, why="It holds again.")


def test_somebody_sees_to_it_with_a_word(tab: Tab, scene: Scene) -> None:
    alert_raise(finding=BURNS)
    page = tab.open("/alerts/")
    page.get_by_role("link", name=re.compile("Acknowledge.*digits burns")).click()
    page.get_by_label("What you know so far").fill("Rolling back.")
    page.get_by_role("button", name="Acknowledge").click()
    page.wait_for_selector("text=Seen to by")
    assert "Rolling back." in page.inner_text('[data-part="facts"]')
    alert = Alert.objects.get()
    assert (alert.acknowledged_by, alert.comment) == (scene.world.ada, "Rolling back.")
    assert page.get_by_role("button", name="Acknowledge").count() == 0


def test_what_is_being_typed_outlives_news(tab: Tab, scene: Scene, feed: Feed) -> None:
    feed.push()
    alert = alert_raise(finding=BURNS)
    assert alert is not None
    page = tab.live(f"/alerts/{alert.pk}/")
    page.get_by_label("What you know so far").fill("Rolling")
    alert_raise(finding=replace(BURNS, text="30 % failed."))
    alert_raise(
        finding=Finding("drift", "captions drifted", Severity.TICKET, "captions", "text")
    )  # an entry in the trail: news
    page.wait_for_selector("text=30 % failed.")
    assert page.get_by_label("What you know so far").input_value() == "Rolling"


def test_the_filter_is_in_the_address(tab: Tab, busy: Scene) -> None:
    page = tab.open("/alerts/")
    assert page.locator(".alert").count() == 2
    page.get_by_label("Severity").select_option("page")
    page.get_by_label("Deployment").select_option("digits")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/alerts/?deployment=digits&severity=page")
    assert page.locator(".alert").count() == 1
    assert page.get_by_label("Severity").input_value() == "page"
    page.get_by_role("link", name="Show all").click()
    page.wait_for_url("**/alerts/")


@pytest.mark.parametrize("context_options", [{"viewport": PHONE}])
def test_an_alerts_page_and_the_objectives_fit_a_phone(tab: Tab, busy: Scene, context_options: Any) -> None:
    for path in (f"/alerts/{Alert.objects.first().pk}/", "/deployments/digits/#objectives"):  # type: ignore[union-attr]
        page = tab.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    assert page.locator("#objectives .chip:visible").count() == 3
