"""Gates over REST: what is in force can be read, and set by who may set it in the admin, with the same entry."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.models import AuditEntry
from apps.registry.models import RegisteredModel
from apps.training.models import GatePolicy
from apps.training.services.evaluations import Answers, evaluation_record
from tests.console.conftest import signed_in
from tests.registry import artifact
from tests.retraining.loop import Loop
from tests.training_jobs.makers import requested

pytestmark = pytest.mark.django_db
GATES = "/api/v1/training/gates"
BETTER: list[dict[str, Any]] = [{"slice": "class:*", "must": "be_better", "by": 0.02}]
USUAL = [{"slice": "all", "must": "not_be_worse", "by": 0.01, "least": 30, "level": 0.05}]


@pytest.fixture
def ben(loop: Loop) -> APIClient:
    """A reviewer."""
    return loop.world.client(loop.world.ben)


def keyed(loop: Loop, name: str, *scopes: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {loop.world.key(getattr(loop.world, name), *scopes)}")
    return client


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_model_without_gates_of_its_own_shows_the_usual_ones_to_a_key_that_may_read(loop: Loop) -> None:
    client = keyed(loop, "cy", "read")
    row = {"model": "echo", "own": False, "clauses": USUAL}
    assert client.get(GATES).json()["results"] == [row]
    assert client.get(f"{GATES}/echo").json() == row


def test_a_key_that_may_not_read_sees_none(loop: Loop) -> None:
    assert keyed(loop, "ben", "gates:write").get(GATES).status_code == 403


def test_a_reviewer_sets_them_and_they_are_shown_with_every_default(ben: APIClient) -> None:
    put = ben.put(f"{GATES}/echo", {"clauses": BETTER})
    assert put.status_code == 200, put.json()
    assert put.json() == {"model": "echo", "own": True, "clauses": [BETTER[0] | {"least": 30, "level": 0.05}]}
    assert ben.get(f"{GATES}/echo").json() == put.json()


def test_the_list_is_of_all_models_or_of_one(ben: APIClient, loop: Loop) -> None:
    RegisteredModel.objects.create(name="other", created_by=loop.world.ada)
    ben.put(f"{GATES}/echo", {"clauses": BETTER})
    assert [(each["model"], each["own"]) for each in ben.get(GATES).json()["results"]] == [
        ("other", False),
        ("echo", True),
    ]
    assert [each["model"] for each in ben.get(GATES, {"model": "echo"}).json()["results"]] == ["echo"]
    assert ben.get(GATES, {"model": "nobody"}).json()["results"] == []


def test_the_trail_says_the_very_same_as_of_the_admin(ben: APIClient, loop: Loop) -> None:
    page = "/admin/training/gatepolicy/"
    sent = [BETTER, USUAL]
    ben.put(f"{GATES}/echo", {"clauses": sent[0]})
    ben.put(f"{GATES}/echo", {"clauses": sent[1]})
    GatePolicy.objects.all().delete()
    admin = signed_in(loop.world.ben)
    for place, clauses in ("add/", sent[0]), ("{}/change/", sent[1]):
        policy = GatePolicy.objects.first()
        form = {"model": str(loop.version.model_id), "clauses": json.dumps(clauses)}
        assert admin.post(page + place.format(policy and policy.pk), form).status_code == 302
    told = AuditEntry.objects.filter(action__startswith="gatepolicy.").order_by("sequence")
    rows = [(each.actor, each.action, each.target, each.detail) for each in told]
    assert len(rows) == 4 and rows[:2] == rows[2:]
    assert [row[1] for row in rows[:2]] == ["gatepolicy.created", "gatepolicy.changed"]


def test_setting_what_is_set_already_is_not_told_again(ben: APIClient) -> None:
    ben.put(f"{GATES}/echo", {"clauses": BETTER})
    assert ben.put(f"{GATES}/echo", {"clauses": BETTER}).status_code == 200
    assert AuditEntry.objects.filter(action__startswith="gatepolicy.").count() == 1


def test_the_next_evaluation_is_judged_by_them(ben: APIClient, loop: Loop) -> None:
    job = requested(loop.world, loop.version, dataset=loop.base, measured_on=loop.tests)
    candidate = artifact.version(loop.world.ada, weights=(3.0, 4.0))
    ben.put(f"{GATES}/echo", {"clauses": [{"slice": "all", "must": "be_better"}]})
    same = ["0"] * loop.tests.samples_count
    evaluation = evaluation_record(job=job, candidate=candidate, answers=Answers(same, same))
    assert evaluation is not None and not evaluation.passed
    assert [each["must"] for each in evaluation.clauses] == ["be_better"]


def test_who_retrains_does_not_set_what_judges_it(loop: Loop) -> None:
    answer = loop.world.client(loop.world.ada).put(f"{GATES}/echo", {"clauses": BETTER})
    assert error(answer) == (403, "forbidden")
    assert not GatePolicy.objects.exists()


def test_a_reviewers_key_sets_them_with_the_scope_of_gates_alone(loop: Loop) -> None:
    others = keyed(loop, "ben", "read", "training:write", "evaluations:write", "approvals:write")
    assert error(others.put(f"{GATES}/echo", {"clauses": BETTER})) == (403, "forbidden")
    assert keyed(loop, "ben", "gates:write").put(f"{GATES}/echo", {"clauses": BETTER}).status_code == 200


@pytest.mark.parametrize(
    ("clauses", "told"),
    [
        ([], "A policy is a list of 1 to 100 clauses."),
        ([{"slice": "all", "must": "be_perfect"}], "Clause 0: 'must' must be"),
        ([BETTER[0], {**BETTER[0], "perhaps": True}], "Clause 1: there is no 'perhaps'"),
        ([{**BETTER[0], "\ud800": True}], "Clause 0: there is no '�'"),
        ([{**BETTER[0], "slice": "\0"}], "Clause 0: 'slice' has at most 200 characters, none of them NUL"),
        ([{**BETTER[0], "slice": "\ud800"}], "Clause 0: 'slice' has at most 200 characters, none of them NUL"),
        ([{**BETTER[0], "slice": "s" * 201}], "Clause 0: 'slice' has at most 200 characters"),
    ],
)
def test_what_the_rules_cannot_read_is_refused_in_words(ben: APIClient, clauses: object, told: str) -> None:
    answer = ben.put(f"{GATES}/echo", json.dumps({"clauses": clauses}), content_type="application/json")
    assert error(answer) == (400, "bad_policy")
    assert answer.json()["error"]["message"].startswith(told)
    assert not GatePolicy.objects.exists()


def test_a_model_that_is_not_there_is_not_found(ben: APIClient) -> None:
    for answer in ben.get(f"{GATES}/nobody"), ben.put(f"{GATES}/nobody", {"clauses": BETTER}):
        assert error(answer) == (404, "not_found")


def test_a_models_page_says_what_its_candidates_must_show(ben: APIClient, loop: Loop) -> None:
    browser = signed_in(loop.world.cy)
    before = browser.get("/models/echo/").content.decode()
    assert "this model has none of its own" in before
    assert "On &#x27;all&#x27; a candidate may be worse by 1.00 points at most." in before
    ben.put(f"{GATES}/echo", {"clauses": BETTER})
    after = browser.get("/models/echo/").content.decode()
    assert "On &#x27;class:*&#x27; a candidate must be better by at least 2.00 points, with p at most 0.05." in after
    assert "worse by" not in after and "none of its own" not in after
