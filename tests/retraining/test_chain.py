"""The loop closes: drift, labels, a job, its evaluation, a rollout that waits for its reviewers."""

import pytest

from apps.approvals.models import ApprovalRequest
from apps.approvals.services import decision_record
from apps.core.models import OutboxEvent
from apps.deployments.models import Revision, Rollout
from apps.training.models import Evaluation, RetrainTrigger, TrainingJob
from apps.training.services import retrain_now
from tests.retraining.loop import LEAST, Loop
from workers.routes import listeners

pytestmark = pytest.mark.django_db


def test_drift_leads_to_a_rollout_that_waits_with_the_evaluation_in_its_evidence(loop: Loop) -> None:
    loop.policy(canary={"steps": [10, 50], "samples": 50})
    run, _ = loop.drift("text")
    loop.tell()
    trigger = loop.begin()
    assert (trigger.state, trigger.code) == ("pending", "not_enough_labels")
    assert trigger.why == f"Drift run {run.pk} found drift: text (long)."

    loop.label(2 * LEAST)
    trigger = loop.begin()
    assert trigger.state == "training"
    job = TrainingJob.objects.get()
    assert (job.parent, job.champion, job.requested_by) == (loop.version, loop.version, loop.world.ada)

    candidate = loop.end(job)
    loop.tell()
    trigger.refresh_from_db()
    evaluation, revision = Evaluation.objects.get(), Revision.objects.get(number=2)
    assert (trigger.state, trigger.revision, trigger.evaluation) == ("requested", revision, evaluation)
    assert (revision.version, revision.requested_by) == (candidate, loop.world.ada)
    assert (revision.spec["strategy"], revision.spec["canary"]["steps"]) == ("canary", [10, 50])
    assert (revision.spec["timeout_ms"], revision.spec["max_in_flight"]) == (7000, 9)
    assert revision.spec["stages"][0]["version"] == 2

    request = ApprovalRequest.objects.get()
    assert request.evidence["Evaluation digest"] == evaluation.digest
    assert request.evidence["Evaluation"].startswith("passed.")
    assert {row["slice"] for row in request.evidence["Slices"]} >= {"all", "old", "met:echoes"}
    assert all(row["passed"] and "McNemar" in row["reason"] for row in request.evidence["Gates"])

    decision_record(actor=loop.world.ben, request_id=request.pk, verdict="approve")
    loop.tell()
    assert Rollout.objects.get().to_revision == revision
    assert not OutboxEvent.objects.filter(done_at=None).exists()


def test_the_revision_that_is_asked_for_has_the_shadow_that_the_policy_plans_and_the_canary_after_it(
    loop: Loop,
) -> None:
    loop.policy(
        strategy="shadow", shadow={"share": 40, "differs": 0.9, "then": "canary"}, canary={"steps": [30], "labels": 0.8}
    )
    loop.label(2 * LEAST)
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    trigger = loop.begin()
    loop.end(TrainingJob.objects.get())
    loop.tell()
    trigger.refresh_from_db()
    assert trigger.state == "requested", trigger.reason
    spec = Revision.objects.get(number=2).spec
    assert spec["strategy"] == "shadow"
    assert {name: spec["shadow"][name] for name in ("share", "differs", "then")} == {
        "share": 40,
        "differs": 0.9,
        "then": "canary",
    }
    assert (spec["canary"]["steps"], spec["canary"]["labels"]) == ([30], 0.8)
    assert "shadow of 40 %, then canary by 30 %" in ApprovalRequest.objects.get().evidence["Strategy"]


def test_every_event_of_the_chain_told_twice_does_nothing_twice(loop: Loop) -> None:
    loop.policy()
    loop.label(2 * LEAST)
    loop.drift("text")
    loop.tell()
    _again()
    loop.begin()
    loop.end(TrainingJob.objects.get())
    loop.tell()
    _again()
    loop.tell()
    assert RetrainTrigger.objects.count() == TrainingJob.objects.count() == ApprovalRequest.objects.count() == 1
    assert Revision.objects.count() == 2


def _again() -> None:
    for event in OutboxEvent.objects.filter(name__regex=r"^(drift\.found|training\.(job_ended|candidate_.*))$"):
        for listener in listeners()[event.name]:
            listener(event_id=event.pk, **event.payload)
