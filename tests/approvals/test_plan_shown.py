"""Reviewers of a rollout see its whole plan, and first of all what of it is not as usual."""

from typing import Any

import pytest

from apps.approvals.models import ApprovalRequest
from apps.approvals.rules import evidence_digest
from apps.approvals.services import decision_record
from apps.deployments.models import Revision
from tests.console.conftest import signed_in
from tests.deployments.makers import make_deployment, make_revision, make_version
from tests.world import World
from workers.relay import relay_run

pytestmark = pytest.mark.django_db
WIDE = {"steps": [25, 50], "wrong": 1, "failed": 1}
WRONG = "More answers may be wrong, where the truth is known, by (canary.wrong)"


def asked(world: World, **spec: Any) -> ApprovalRequest:
    revision = make_revision(world, make_deployment(world), make_version(world), **({"keep_s": 60} | spec))
    relay_run()
    return ApprovalRequest.objects.get(subject_id=revision.pk)


def shown(world: World, path: str) -> str:
    return " ".join(signed_in(world.ben).get(path).content.decode().split())


def test_a_widened_margin_is_in_the_evidence_with_what_is_usual(world: World) -> None:
    request = asked(world, strategy="canary", canary=WIDE)
    unusual = request.evidence["Not as usual"]
    assert f"{WRONG}: 100 points: no difference is too much (usually 5 points)" in unusual
    assert "(canary.failed): 100 points" in unusual and "(canary.steps): 25, 50 %" in unusual
    assert "labels" not in unusual
    row = next(each for each in request.evidence["Plan"] if each["what"] == WRONG)
    assert (row["usual"], row["differs"]) == ("5 points", "wider than usual")


@pytest.mark.parametrize("page", ["/approvals/{}/", "/admin/approvals/approvalrequest/{}/change/"])
def test_a_widened_margin_is_on_the_pages_where_it_is_decided(world: World, page: str) -> None:
    request = asked(world, strategy="canary", canary=WIDE)
    html = shown(world, page.format(request.pk))
    assert WRONG in html and "100 points: no difference is too much" in html and "wider than usual" in html
    assert "(canary.labels)" in html, "what is as usual is told too"


def test_the_usual_plan_says_that_nothing_is_unusual(world: World) -> None:
    request = asked(world, strategy="canary")
    assert request.evidence["Not as usual"] == "nothing: every field of the plan is as usual"
    assert not [each for each in request.evidence["Plan"] if each["differs"]]


def test_the_plan_of_the_shadow_and_what_is_recorded_are_in_it(world: World) -> None:
    request = asked(world, strategy="shadow", shadow={"differs": 1}, record={"rate": 1.0})
    assert "(shadow.differs): 100 points" in request.evidence["Not as usual"]
    assert "(record.rate): 100 % (usually 1 %)" in request.evidence["Not as usual"]


def test_the_deployments_page_marks_it_while_it_waits(world: World) -> None:
    request = asked(world, strategy="canary", canary=WIDE)
    html = shown(world, f"/deployments/{request.scope}/")
    assert f'<span class="chip warn">wider than usual</span> {WRONG}: <b>100 points' in html
    assert "Whole plan of revision 1, 3 fields not as usual" in html


def test_a_request_from_before_the_plan_was_told_is_as_good_as_it_was(world: World) -> None:
    request = asked(world)
    told = {name: each for name, each in request.evidence.items() if name not in ("Plan", "Not as usual")}
    about = {"kind": "rollout", "subject_id": request.subject_id, "digest": request.digest, "scope": request.scope}
    old = ApprovalRequest.objects.create(
        **about,
        summary=request.summary,
        evidence=told,
        evidence_digest=evidence_digest(told),
        requested_by=world.ada,
        approvals_required=1,
        event_id="00000000-0000-0000-0000-000000000001",
    )
    assert decision_record(actor=world.ben, request_id=old.pk, verdict="approve").state == "granted"
    assert Revision.objects.get(pk=request.subject_id).digest == request.digest
