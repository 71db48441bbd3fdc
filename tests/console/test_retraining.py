"""Retraining on a deployment's page: what the policy says, what became of each trigger, and the button."""

from pathlib import Path
from typing import Any

import pytest

from apps.approvals.models import ApprovalRequest
from apps.approvals.services import decision_record
from apps.console.selectors import retraining
from apps.console.selectors.retraining import retrain_panel
from apps.console.selectors.versions import page_versions
from apps.console.topics import deployment_topic
from apps.core.models import AuditEntry, User
from apps.training.models import RetrainTrigger, TrainingJob
from apps.training.services import retrain_now
from tests.console.conftest import signed_in
from tests.retraining.loop import Loop
from tests.world import World

pytestmark = pytest.mark.django_db
PAGE, BUTTON = "/deployments/echoes/", "/deployments/echoes/retrain"
PRESSED = '<button class="button" form="retrain">Retrain now</button>'


@pytest.fixture
def loop(world: World, home: Path) -> Loop:
    return Loop(world)


def panel(loop: Loop, who: str = "ada") -> str:
    """The panel's HTML, with its spaces made one each."""
    user = User.objects.get(username=who)
    page = " ".join(signed_in(user).get(PAGE).content.decode().split())
    begin = page.index('<section class="panel" id="retraining"')
    return page[begin : page.index("</section>", begin)]


def ended(loop: Loop, wrong: int = 0) -> RetrainTrigger:
    """A retraining by hand whose candidate has so many of the samples wrong."""
    loop.label(24)
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    loop.begin()
    loop.end(TrainingJob.objects.get(), wrong=wrong)
    loop.tell()
    return RetrainTrigger.objects.get()


def test_without_a_policy_it_says_how_one_is_set_and_has_no_button(loop: Loop) -> None:
    shown = panel(loop)
    assert "A policy has the model learn from what it met" in shown
    assert "/api/v1/training/policies/echoes" in shown
    assert "Retrain now" not in shown


def test_a_policy_is_told_in_sentences_with_who_set_it(loop: Loop) -> None:
    loop.policy(accuracy_floor=0.9, every_labels=500, every_hours=24, drift_groups=["text"])
    shown = panel(loop)
    assert (
        "Called for by drift of text; an accuracy below 90.0 % over 24h of 100 labels or more; 500 new labels; "
        "24 h since the last. In the name of ada." in shown
    )
    assert "By the recipe full, from base/1 and what was met and labelled in 30 days" in shown
    assert "50.0 % of it is measured with and never trained on, with tests/1" in shown
    assert "asked to be rolled out by canary." in shown
    assert "Nothing has called for it yet." in shown


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({}, "Called for by drift."),
        ({"on_drift": False}, "Called for by a person alone."),
        ({"enabled": False, "every_hours": 1}, "Switched off: nothing calls for it but a person."),
    ],
)
def test_what_calls_for_it_is_one_sentence(loop: Loop, given: dict[str, Any], calls: str) -> None:
    loop.policy(**given)
    assert retrain_panel(loop.deployment).calls == calls


def test_the_button_asks_for_it_and_the_panel_says_what_became_of_it(loop: Loop) -> None:
    loop.policy()
    assert PRESSED in panel(loop)
    answer = signed_in(loop.world.ada).post(BUTTON)
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}#retraining")
    shown = panel(loop)
    assert f'id="trigger-{RetrainTrigger.objects.get().pk}"' in shown and "by hand" in shown
    assert PRESSED not in shown and 'aria-disabled="true" title="A retraining is under way."' in shown


def test_of_many_triggers_it_shows_the_newest_and_how_many_there_are(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.policy()
    older, newer = (retrain_now(actor=loop.world.ada, deployment=loop.deployment) for _ in range(2))
    assert "The newest" not in panel(loop)
    monkeypatch.setattr(retraining, "_LISTED", 1)
    shown = panel(loop)
    assert "The newest 1 of 2 triggers." in shown
    assert "<code>/api/v1/training/triggers?deployment=echoes</code>" in shown
    assert f'id="trigger-{newer.pk}"' in shown and f'id="trigger-{older.pk}"' not in shown


def test_in_the_cooldown_it_says_until_when(loop: Loop) -> None:
    loop.policy(cooldown_s=3600)
    ended(loop)
    shown = panel(loop)
    assert PRESSED not in shown
    assert "the next may begin at" in shown


@pytest.mark.parametrize("who", ["ben", "cy"])
def test_who_may_not_has_no_button_and_is_refused_in_words(loop: Loop, who: str) -> None:
    loop.policy()
    assert "Retrain now" not in panel(loop, who)
    answer = signed_in(getattr(loop.world, who)).post(BUTTON)
    assert answer.status_code == 403
    assert f"{who} may not start and cancel training jobs" in answer.content.decode().replace("&#x27;", "'")
    assert not RetrainTrigger.objects.exists()


def test_a_post_without_a_policy_or_a_deployment_finds_nothing(loop: Loop) -> None:
    client = signed_in(loop.world.ada)
    assert client.post(BUTTON).status_code == 404
    assert client.post(BUTTON.replace("echoes", "nowhere")).status_code == 404
    assert client.get(BUTTON).status_code == 405


def test_a_refused_candidate_is_told_with_its_numbers(loop: Loop) -> None:
    loop.policy(cooldown_s=0)
    trigger = ended(loop, wrong=10)
    shown = panel(loop)
    assert f'href="/training/{trigger.job_id}/"' in shown
    assert "refused" in shown and "the champion on 100.0%" in shown
    assert PRESSED in shown


def test_one_that_passed_leads_to_its_revision(loop: Loop) -> None:
    loop.policy()
    ended(loop)
    shown = panel(loop)
    assert '<a href="#revision-2">2</a>' in shown
    assert "revision 2 was asked for. Revision 2 is " in shown


def test_one_whose_rollout_was_refused_says_so_and_no_longer_that_it_waits(loop: Loop) -> None:
    loop.policy()
    ended(loop)
    request = ApprovalRequest.objects.get()
    decision_record(actor=loop.world.ben, request_id=request.pk, verdict="reject", comment="too slow")
    loop.tell()
    shown = panel(loop)
    assert "Revision 2 is rejected: Rejected by ben: too slow." in shown


def test_the_page_hears_of_every_trigger(loop: Loop) -> None:
    loop.policy()
    topic, seen = deployment_topic("echoes"), []
    for act in (lambda: None, lambda: retrain_now(actor=loop.world.ada, deployment=loop.deployment), loop.begin):
        act()
        seen.append(page_versions()[topic])
    assert len(set(seen)) == 3


def test_setting_and_firing_are_sentences_of_the_trail(loop: Loop) -> None:
    loop.policy()
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    assert AuditEntry.objects.filter(action__startswith="retraining.").count() == 2
    page = " ".join(signed_in(loop.world.ada).get("/audit/").content.decode().split())
    assert "set when and with what" in page and "called for retraining of" in page
