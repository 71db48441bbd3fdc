"""The pages say which input a deployment answers without, since when and why, and let those undo it who may."""

from itertools import pairwise

import pytest

from apps.console.selectors.fleet import deployment_rows
from apps.console.selectors.needs import needs
from apps.console.selectors.versions import page_versions
from apps.console.sentences import sentence
from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments.selectors import mutings_open
from apps.deployments.services import input_mute, input_unmute
from apps.monitoring.models import GatewayReport
from tests.console.conftest import signed_in
from tests.console.scene import Scene
from tests.console.test_deployment_stages import text

pytestmark = pytest.mark.django_db
PAGE = "/deployments/digits/"


@pytest.fixture
def muted(scene: Scene) -> Scene:
    GatewayReport.objects.create(gateway="gw-1", reported_at=now())
    input_mute(actor=None, deployment=scene.digits, name="sound", reason="audio drifted: sound.snr", drift_run=7)
    return scene


def test_the_deployments_page_says_which_input_since_when_and_why(muted: Scene) -> None:
    page = text(signed_in(muted.world.cy), PAGE)
    assert "Answers without sound" in page
    assert "sound muted just now by drift run 7: audio drifted: sound.snr" in page


def test_the_button_is_for_who_may_press_it(muted: Scene) -> None:
    assert "Give it to the model again: sound" in text(signed_in(muted.world.ada), PAGE)
    assert "Give it to the model again" not in text(signed_in(muted.world.ben), PAGE)
    assert signed_in(muted.world.ben).post(f"{PAGE}unmute", {"input": "sound"}).status_code == 403
    assert mutings_open().exists()


def test_the_button_undoes_it_and_leads_back_to_the_page(muted: Scene) -> None:
    client = signed_in(muted.world.ada)
    answer = client.post(f"{PAGE}unmute", {"input": "sound"})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "Answers without" not in text(client, PAGE)


def test_who_comes_second_is_told_that_it_is_done(muted: Scene) -> None:
    client = signed_in(muted.world.ada)
    client.post(f"{PAGE}unmute", {"input": "sound"})
    answer = client.post(f"{PAGE}unmute", {"input": "sound"})
    assert answer.status_code == 404
    assert "is not muted" in answer.content.decode()


def test_a_page_without_muted_inputs_says_nothing_of_it(scene: Scene) -> None:
    assert "Answers without" not in text(signed_in(scene.world.ada), PAGE)


def test_the_overview_says_that_a_deployment_answers_without_a_sense(muted: Scene) -> None:
    [need] = needs(muted.world.cy, deployment_rows())
    assert (need.title, need.began, need.tone) == ("digits answers without sound", "Muted by drift run 7", "warn")
    assert need.actions[0].href == PAGE


def test_muting_and_undoing_it_are_news_to_open_pages(scene: Scene) -> None:
    versions = [page_versions()]
    input_mute(actor=scene.world.ada, deployment=scene.digits, name="sound")
    versions.append(page_versions())
    input_unmute(actor=scene.world.ada, deployment=scene.digits, name="sound")
    versions.append(page_versions())
    for before, after in pairwise(versions):
        assert {topic for topic in after if after[topic] != before[topic]} == {"fleet", "deployment.digits"}


def test_the_audit_trail_tells_it_in_a_sentence(muted: Scene) -> None:
    client = signed_in(muted.world.ada)
    client.post(f"{PAGE}unmute", {"input": "sound"})
    lines = [sentence(each) for each in AuditEntry.objects.filter(action__startswith="input.").order_by("sequence")]
    assert [f"{line.actor} {line.before}{line.name}{line.after}" for line in lines] == [
        "Quartet has digits answer without the input sound: audio drifted: sound.snr",
        "ada gives digits its input sound again",
    ]
