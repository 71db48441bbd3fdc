"""A request for a rollout, or to move an alias, says how its version was measured, and is void once it is anew."""

from pathlib import Path

import pytest
from django.db import connection

from apps.approvals.errors import RequestVoid
from apps.approvals.models import ApprovalRequest
from apps.approvals.selectors.evaluated import evaluation_evidence, evaluation_flaw
from apps.approvals.services import decision_record
from apps.core.models import OutboxEvent
from apps.datasets.models import DatasetVersion
from apps.deployments.models import Revision
from apps.registry.models import AliasRequest, ModelVersion
from apps.registry.services import alias_move
from apps.training.models import Evaluation, GatePolicy, TrainingJob
from apps.training.services import job_request
from tests.console.conftest import signed_in
from tests.deployments.makers import make_revision
from tests.registry import artifact
from tests.retraining.loop import Loop
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop(world: World, home: Path) -> Loop:
    return Loop(world)


def measured(loop: Loop, on: DatasetVersion | None = None, *, wrong: int = 0, told: bool = True) -> ModelVersion:
    """The same candidate each time, measured on a set, with so many samples wrong."""
    about = {"parent": loop.version, "champion": loop.version, "dataset": loop.base, "measured_on": on or loop.tests}
    job, _ = job_request(actor=loop.world.ada, recipe="full", **about)
    candidate = loop.end(job, wrong=wrong)
    assert candidate is not None
    if told:
        loop.tell()
    return candidate


def asked(loop: Loop, version: ModelVersion) -> ApprovalRequest:
    """What the reviewers are shown about a revision of the version."""
    revision = make_revision(loop.world, loop.deployment, version)
    loop.tell()
    return ApprovalRequest.objects.get(subject_id=revision.pk)


def approve(loop: Loop, request: ApprovalRequest) -> str:
    return decision_record(actor=loop.world.ben, request_id=request.pk, verdict="approve").state


def shown(loop: Loop, request: ApprovalRequest) -> list[str]:
    """The request's page on the dashboard and in the admin, and its text over REST."""
    client = signed_in(loop.world.ben)
    pages = (f"/approvals/{request.pk}/", f"/admin/approvals/approvalrequest/{request.pk}/change/")
    texts = [client.get(each).content.decode() for each in (*pages, f"/api/v1/approvals/{request.pk}")]
    return [" ".join(text.split()) for text in texts]


def test_a_version_that_was_never_measured_says_none(loop: Loop) -> None:
    request = asked(loop, loop.version)
    told = "none: echo/1 was measured beside no other version"
    assert (request.evidence["Evaluation"], request.evidence["Evaluation digest"]) == (told, "none")
    assert "Gates" not in request.evidence
    for page in shown(loop, request):
        assert told in page
    assert approve(loop, request) == "granted", "it is for people to say"


def test_a_version_that_the_gate_refused_says_so_with_the_numbers(loop: Loop) -> None:
    request = asked(loop, measured(loop, wrong=10))
    evaluation = Evaluation.objects.get()
    told = request.evidence["Evaluation"]
    assert told.startswith("the gate refused this version: ")
    assert "the champion on 100.0%" in told and "(0 won, 10 lost, McNemar p" in told
    assert request.evidence["Evaluation digest"] == evaluation.digest
    assert [each["passed"] for each in request.evidence["Gates"]] == [False]
    row = next(each for each in request.evidence["Slices"] if each["slice"] == "all")
    assert (row["samples"], row["candidate"], row["champion"], row["difference"]) == (40, 0.75, 1.0, -0.25)
    for page in shown(loop, request):
        assert "the gate refused this version: " in page


def test_one_that_passed_says_so(loop: Loop) -> None:
    request = asked(loop, measured(loop))
    assert request.evidence["Evaluation"].startswith("passed. Evaluation ")
    assert approve(loop, request) == "granted"


@pytest.mark.parametrize("before", [True, False], ids=["measured before", "never before"])
def test_measured_anew_after_it_was_asked_it_is_void_at_once(loop: Loop, before: bool) -> None:
    candidate = measured(loop) if before else _unmeasured(loop)
    request = asked(loop, candidate)
    assert measured(loop, on=loop.frozen("fresh", 20)) == candidate
    request.refresh_from_db()
    evaluation = Evaluation.objects.latest("pk")
    assert request.state == "void"
    assert (
        request.state_reason == f"{candidate} has been measured anew since this was asked: evaluation {evaluation.pk}."
    )
    assert Revision.objects.get(pk=request.subject_id).state == "rejected"


def test_measured_anew_it_takes_no_approval_though_nobody_was_told_yet(loop: Loop) -> None:
    candidate = measured(loop)
    request = asked(loop, candidate)
    measured(loop, on=loop.frozen("fresh", 20), told=False)
    refused_as_void(loop, request, "has been measured anew")


def test_an_evaluation_whose_figures_were_changed_in_the_database_takes_none(loop: Loop) -> None:
    request = asked(loop, measured(loop, wrong=10))
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; alter table training_evaluation disable trigger user")
    Evaluation.objects.update(passed=True)
    refused_as_void(loop, request, "is not what it was when it was written")


def test_what_was_asked_anew_shows_the_newer_evaluation(loop: Loop) -> None:
    candidate = measured(loop)
    asked(loop, candidate)
    measured(loop, on=loop.frozen("fresh", 20), wrong=10)
    request = asked(loop, candidate)
    assert (request.state, request.evidence["Evaluation digest"]) == ("open", Evaluation.objects.latest("pk").digest)
    assert request.evidence["Evaluation"].startswith("the gate refused this version: ")


def measured_until_it_passed(loop: Loop) -> ModelVersion:
    """Refused on what was held out, and then measured on an easier dataset."""
    candidate = measured(loop, wrong=10)
    assert measured(loop, on=loop.frozen("easy", 40)) == candidate
    return candidate


def test_a_refusal_before_the_newest_evaluation_is_told_with_its_reason_and_its_dataset(loop: Loop) -> None:
    request = asked(loop, measured_until_it_passed(loop))
    newest, refused = Evaluation.objects.order_by("-pk")
    evaluation, earlier = request.evidence["Evaluation"], request.evidence["Earlier evaluations"]
    assert evaluation.startswith("passed, after it was refused once. Evaluation ") and "on easy/1" in evaluation
    begin = f"1 evaluation, 1 refused; the last refusal, evaluation {refused.pk} beside echo/1 on tests/1, because: "
    assert earlier.startswith(begin + "On 'all' (40 samples) the candidate is right on 75.0%")
    assert earlier.endswith("The newest was measured on another dataset: easy/1.")
    assert newest.passed
    for page in shown(loop, request):
        assert begin in page and "passed, after it was refused once" in page


def test_of_several_refusals_the_last_is_told_and_all_are_counted(loop: Loop) -> None:
    candidate = measured(loop, wrong=20)
    measured(loop, wrong=10)
    measured(loop, on=loop.frozen("fair", 40))
    measured(loop, on=loop.frozen("easy", 40))
    earlier = asked(loop, candidate).evidence["Earlier evaluations"]
    assert earlier.startswith("3 evaluations, 2 refused; the last refusal, ")
    assert "is right on 75.0%" in earlier and "50.0%" not in earlier


def test_gates_that_were_loosened_since_the_refusal_are_told(loop: Loop) -> None:
    candidate = measured(loop, wrong=10)
    clauses = [{"slice": "all", "must": "not_be_worse", "by": 1.0}]
    GatePolicy.objects.create(model=loop.version.model, clauses=clauses)
    measured(loop, wrong=10)
    earlier = asked(loop, candidate).evidence["Earlier evaluations"]
    assert earlier.endswith("The newest was measured with other gates.")


def test_earlier_evaluations_that_passed_are_counted(loop: Loop) -> None:
    candidate = measured(loop)
    assert asked(loop, candidate).evidence["Earlier evaluations"] == "none"
    measured(loop, on=loop.frozen("easy", 40))
    request = asked(loop, candidate)
    assert request.evidence["Earlier evaluations"] == "1 evaluation, none refused"
    assert request.evidence["Evaluation"].startswith("passed. Evaluation ")


@pytest.mark.parametrize("deed", ["turned into a pass", "removed"])
def test_a_refusal_that_was_changed_or_removed_in_the_database_makes_it_void(loop: Loop, deed: str) -> None:
    request = asked(loop, measured_until_it_passed(loop))
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; alter table training_evaluation disable trigger user")
    refused = Evaluation.objects.filter(passed=False)
    if deed == "removed":
        TrainingJob.objects.filter(evaluation__in=refused).update(evaluation=None)
        refused._raw_delete("default")
    else:
        refused.update(passed=True)
    refused_as_void(loop, request, "earlier evaluations are not what they were")


def test_a_request_from_before_earlier_evaluations_were_told_holds_as_it_did(loop: Loop) -> None:
    candidate = measured_until_it_passed(loop)
    evidence = evaluation_evidence(candidate)
    old = {name: each for name, each in evidence.items() if not name.startswith("Earlier")}
    assert evaluation_flaw(old, candidate) == evaluation_flaw(evidence, candidate) == ""


def test_an_evaluation_of_another_version_leaves_it_open(loop: Loop) -> None:
    request = asked(loop, loop.version)
    measured(loop)
    request.refresh_from_db()
    assert request.state == "open"
    assert approve(loop, request) == "granted"


def refused_as_void(loop: Loop, request: ApprovalRequest, why: str) -> None:
    with pytest.raises(RequestVoid, match=why):
        approve(loop, request)
    request.refresh_from_db()
    assert (request.state, request.decisions.count()) == ("void", 0)
    assert not OutboxEvent.objects.filter(name="approvals.granted").exists()


def _unmeasured(loop: Loop) -> ModelVersion:
    """The candidate's files, published by hand."""
    return artifact.version(loop.world.ada, weights=(5.0, 6.0))


def asked_for_champion(loop: Loop, version: ModelVersion) -> ApprovalRequest:
    """What the reviewers are shown about pointing the protected alias at the version."""
    move = alias_move(actor=loop.world.ada, model=version.model, alias="champion", version=version)
    assert isinstance(move, AliasRequest)
    loop.tell()
    return ApprovalRequest.objects.get(pk=move.approval)


def test_a_move_of_an_alias_says_how_the_version_that_it_would_point_at_was_measured(loop: Loop) -> None:
    request = asked_for_champion(loop, measured(loop, wrong=10))
    assert request.evidence["Evaluation"].startswith("the gate refused this version: ")
    assert request.evidence["Evaluation digest"] == Evaluation.objects.get().digest
    assert request.evidence["Now"], "what the move itself is about is told too"


def test_a_move_of_an_alias_is_void_once_the_version_was_measured_anew(loop: Loop) -> None:
    request = asked_for_champion(loop, measured(loop))
    measured(loop, on=loop.frozen("fresh", 20), told=False)
    refused_as_void(loop, request, "has been measured anew")
