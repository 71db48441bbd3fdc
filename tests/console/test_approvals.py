"""The page of an approval request: what is asked, on what evidence, and who may decide it there."""

import re

import pytest
from django.test import Client

from apps.approvals.models import ApprovalRequest, Comment, Policy
from apps.approvals.selectors import requests_open
from apps.approvals.services import comment_add
from apps.console.selectors.approvals import evidence_facts
from apps.core.models import AuditEntry
from apps.registry.models import Alias
from apps.registry.services import alias_move
from tests.approvals.asking import ask, asked_before, make_reviewer
from tests.console.conftest import signed_in
from tests.console.scene import Scene
from tests.deployments.makers import make_version
from tests.world import World
from workers.relay import relay_run

pytestmark = pytest.mark.django_db
YES = "Yes, approve"


def page(client: Client, request: ApprovalRequest) -> str:
    answer = client.get(f"/approvals/{request.pk}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def decide(client: Client, request: ApprovalRequest, verdict: str, comment: str = "") -> str:
    answer = client.post(f"/approvals/{request.pk}/decide", {"verdict": verdict, "comment": comment}, follow=True)
    request.refresh_from_db()
    return answer.content.decode()


def test_a_reviewer_sees_what_is_asked_and_two_verdicts(scene: Scene) -> None:
    html = page(signed_in(scene.asking_for_champion().world.ben), requests_open().get())
    assert "Point digits-av@champion at version 1 (version 2 now)" in html
    assert "1 more approval, and no rejection." in html
    assert YES in html
    assert "Yes, reject" in html


def test_the_evidence_is_a_table_where_it_holds_numbers_to_compare() -> None:
    [metrics, note] = evidence_facts({"Metrics": {"accuracy": {"now": 0.98, "then": 0.9, "change": -0.08}}, "Note": ""})
    assert (metrics.columns, metrics.rows) == (["", "now", "then", "change"], [["accuracy", "0.98", "0.9", "-0.08"]])
    assert note.text == "—"


def test_what_is_unusual_and_what_was_refused_come_before_all_tables_and_the_whole_plan_last() -> None:
    table = [{"won": 1, "slice": "all"}]
    asked = {"Note": "n", "Plan": table, "Slices": table, "Earlier evaluations": "1 refused", "Not as usual": "wrong"}
    facts = evidence_facts(asked)
    assert [fact.name for fact in facts] == ["Not as usual", "Earlier evaluations", "Slices", "Note", "Plan"]
    assert not facts[2].words
    assert facts[2].columns == ["slice", "won"], "what a row is about comes first, wherever the database put it"


def test_a_table_of_sentences_is_one_of_words() -> None:
    [gates] = evidence_facts({"Gates": [{"slice": "all", "passed": False, "reason": "It is worse."}]})
    assert gates.words


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2.5, "text", [], [1, "a"], {}, {"a": 1}, {"a": {"b": {"c": 1}}}, [{"a": 1}, {"b": [2]}], [[]]],
)
def test_evidence_of_any_shape_can_be_shown(world: World, value: object) -> None:
    assert "Evidence" in page(signed_in(world.ben), ask(world.ada, evidence={"x": value}))


def test_approving_there_does_what_was_asked(scene: Scene) -> None:
    request = scene.asking_for_champion() and requests_open().get()
    decide(signed_in(scene.world.ben), request, "approve", "right")
    relay_run()
    assert request.state == "granted"
    assert Alias.objects.get(model=scene.first.model).version == scene.first
    assert AuditEntry.objects.filter(action="approval.approve", detail__comment="right").count() == 1


@pytest.mark.parametrize(("who", "why"), [("ada", "asked for this and so cannot decide it"), ("cy", "reviewer role")])
def test_who_may_not_decide_sees_why_and_a_hand_made_post_is_refused(world: World, who: str, why: str) -> None:
    request = ask(world.ada)
    client = signed_in(make_reviewer(world.ada) if who == "ada" else world.cy)
    html = page(client, request)
    assert why in html
    assert YES not in html
    assert "Not done" in decide(client, request, "approve")
    assert request.state == "open"


def test_a_rejection_without_its_reason_is_refused_in_words(world: World) -> None:
    request = ask(world.ada)
    assert "A rejection needs its reason." in decide(signed_in(world.ben), request, "reject")
    assert request.state == "open"


def test_an_expired_request_says_so_before_anybody_tidied_up(world: World) -> None:
    request = asked_before(73, world.ada)
    html = page(signed_in(world.ben), request)
    assert ">expired</span>" in html
    assert "This request expired on " in html
    assert YES not in html


def test_a_void_request_says_why(scene: Scene) -> None:
    request = scene.asking_for_champion() and requests_open().get()
    scene.first.model.protected_aliases = []
    scene.first.model.save(update_fields=["protected_aliases"])
    third = make_version(scene.world, 7)
    alias_move(actor=scene.world.ada, model=third.model, alias="champion", version=third)
    relay_run()
    request.refresh_from_db()
    assert "@champion moved to version 7 meanwhile." in page(signed_in(scene.world.ben), request)


def test_what_a_policy_still_asks_for_is_told(world: World) -> None:
    group = world.ben.groups.get()
    request = ask(world.ada)
    Policy.objects.create(kind="rollout", approvals_required=3, reviewers=group)
    html = page(signed_in(world.ben), request)
    assert "0 of 3 approvals" in html
    assert "3 more approvals by members of the group reviewer, and no rejection." in html


def test_the_requester_and_reviewers_talk_there_and_others_only_read(world: World) -> None:
    request = ask(world.ada)
    signed_in(world.ada).post(f"/approvals/{request.pk}/comment", {"text": "Seven voices."})
    comment_add(actor=world.ben, request_id=request.pk, text="On which data?")
    html = page(signed_in(world.cy), request)
    assert re.search("Seven voices.*On which data?", html)
    assert "reviewers may comment" in html
    assert signed_in(world.cy).post(f"/approvals/{request.pk}/comment", {"text": "me"}).status_code == 403
    assert Comment.objects.count() == 2


def test_a_request_that_is_not_there_is_not_found(world: World) -> None:
    assert signed_in(world.ben).get("/approvals/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_a_models_page_leads_to_what_is_asked_of_its_aliases(scene: Scene) -> None:
    request = scene.asking_for_champion() and requests_open().get()
    html = signed_in(scene.world.cy).get("/models/digits-av/").content.decode()
    assert f'<a href="/approvals/{request.pk}/">waits for approval</a>' in html
    assert "protected: @champion" in html


def test_the_list_shows_what_waits_and_what_was_decided(scene: Scene) -> None:
    html = signed_in(scene.asking().world.cy).get("/approvals/").content.decode()
    waiting, closed = html.split('data-part="closed"')
    assert "Put minilm/1 live behind captions (revision 2)" in waiting
    assert closed.count(">granted<") == 3
