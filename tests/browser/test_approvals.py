"""A reviewer decides on the dashboard, sees what it did, and is not disturbed while writing."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from apps.approvals.models import ApprovalRequest, Policy
from apps.approvals.selectors import requests_open
from apps.approvals.services import comment_add
from apps.registry.models import Alias
from tests.browser.conftest import PHONE
from tests.browser.tab import Tab
from tests.browser.test_contrast import TEXTS, _contrast, _over, _stack
from tests.console.scene import Scene
from tests.deployments.makers import make_revision
from workers.relay import relay_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(scene: Scene) -> ApprovalRequest:
    """Ada wants the first version to be the champion again; two people are to agree."""
    Policy.objects.create(kind="alias", approvals_required=2)
    scene.asking_for_champion()
    return requests_open().get()


def test_a_reviewer_comes_from_the_overview_and_approves_after_a_second_click(
    tab: Tab, scene: Scene, asked: ApprovalRequest
) -> None:
    page = tab.sign_in(scene.world.ben).open("/")
    page.get_by_role("link", name=re.compile("^Review")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Point digits-av@champion at version 1")
    expect(page.get_by_role("button", name="Yes, approve")).to_be_hidden()
    page.get_by_label("Comment a rejection needs its reason").fill("Hears what we hear.")
    page.locator("summary", has_text="Approve").click()
    page.get_by_role("button", name="Yes, approve").click()
    expect(page.get_by_text("Hears what we hear.")).to_be_visible()
    expect(page.get_by_text("1 of 2 approvals")).to_be_visible()
    expect(page.get_by_text("ben has already decided this request.")).to_be_visible()


def test_what_a_reviewer_is_writing_stays_when_others_comment(tab: Tab, scene: Scene, asked: ApprovalRequest) -> None:
    page = tab.sign_in(scene.world.ben).live(f"/approvals/{asked.pk}/")
    words = page.get_by_label("Comment a rejection needs its reason")
    words.fill("On vowels it is")
    page.locator("summary", has_text="Reject").click()
    comment_add(actor=scene.world.ada, request_id=asked.pk, text="Look at the vowels.")
    expect(page.get_by_text("Look at the vowels.")).to_be_visible(timeout=20_000)
    expect(words).to_have_value("On vowels it is")
    expect(page.get_by_role("button", name="Yes, reject")).to_be_visible()


def test_the_requester_sees_both_verdicts_closed_with_the_reason(tab: Tab, asked: ApprovalRequest) -> None:
    page = tab.open(f"/approvals/{asked.pk}/")
    for verdict in ("Approve", "Reject"):
        expect(page.locator('[aria-disabled="true"]', has_text=verdict)).to_be_visible()
    expect(page.get_by_text("ada asked for this and so cannot decide it.")).to_be_visible()


def test_a_decision_moves_the_alias(tab: Tab, scene: Scene) -> None:
    scene.asking_for_champion()
    page = tab.sign_in(scene.world.ben).open(f"/approvals/{requests_open().get().pk}/")
    page.locator("summary", has_text="Approve").click()
    page.get_by_role("button", name="Yes, approve").click()
    expect(page.locator("header .chip", has_text="granted")).to_be_visible()
    relay_run()
    assert Alias.objects.get(name="champion").version == scene.first


@pytest.mark.parametrize("context_options", [{"viewport": PHONE}])
def test_it_fits_a_phone(tab: Tab, scene: Scene, asked: ApprovalRequest, context_options: Any) -> None:
    page = tab.sign_in(scene.world.ben).open(f"/approvals/{asked.pk}/")
    page.locator("summary", has_text="Approve").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("context_options", [{"viewport": PHONE}])
def test_a_whole_plan_fits_a_phone_where_it_is_decided_and_on_the_deployments_page(
    tab: Tab, scene: Scene, context_options: Any
) -> None:
    make_revision(scene.world, scene.digits, scene.second, strategy="canary", canary={"wrong": 1})
    relay_run()
    page = tab.sign_in(scene.world.ben).open(f"/approvals/{requests_open().get().pk}/")
    expect(page.get_by_text("100 points: no difference is too much").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page = tab.open("/deployments/digits/")
    page.locator("summary", has_text="Whole plan of revision 3").click()
    expect(page.get_by_text("wider than usual").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize(
    "context_options", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"]
)
def test_every_text_can_be_read(tab: Tab, scene: Scene, asked: ApprovalRequest, context_options: Any) -> None:
    page = tab.sign_in(scene.world.ben).open(f"/approvals/{asked.pk}/")
    page.locator("summary", has_text="Approve").click()
    for text, colour, grounds in page.evaluate(TEXTS):
        assert _contrast(_over(colour, _stack(grounds)), _stack(grounds)) >= 4.5, text
