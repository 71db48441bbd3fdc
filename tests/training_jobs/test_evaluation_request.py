"""Asking for the evaluation of a version that was built elsewhere: who may, of what, and what is refused in words."""

import json
from pathlib import Path

import pytest
from django.db import transaction

from apps.core.ids import new_id
from apps.core.models import AuditEntry, OutboxEvent
from apps.datasets.services import samples_erase, version_freeze
from apps.registry.models import Alias
from apps.registry.services import version_mark_corrupt
from apps.training.models import Evaluation, TrainingJob
from apps.training.services import job_cancel
from apps.training.services.evaluations import Answers
from apps.training.services.measuring import evaluation_finish
from tests.datasets.samples import sample
from tests.registry import artifact
from tests.training_jobs.makers import frozen, running
from tests.training_jobs.test_api import keyed
from tests.world import World

pytestmark = pytest.mark.django_db
EVALUATIONS = "/api/v1/training/evaluations"
ASKED = {"model": "echo", "candidate": "2", "champion": "1", "dataset": "exam/1"}
CODE = "c" * 64


@pytest.fixture(autouse=True)
def registered(world: World, home: Path) -> None:
    """echo/1, echo/2, another model's version, and 40 samples."""
    artifact.version(world.ada)
    artifact.version(world.ada, weights=(3.0, 4.0))
    artifact.version(world.ada, "other")
    frozen(world, "exam", 40)


def ask(world: World, **change: object) -> TrainingJob:
    answer = world.client(world.ada).post(EVALUATIONS, ASKED | change)
    assert answer.status_code in (200, 201), answer.json()
    return TrainingJob.objects.get(pk=answer.json()["id"])


def answered(wrong: int) -> Answers:
    """The champion is always right; the candidate but for so many."""
    from apps.datasets.models import DatasetVersion
    from apps.datasets.selectors import version_samples

    right = [each.label for each in version_samples(DatasetVersion.objects.get(dataset__name="exam"))]
    return Answers(["wrong"] * wrong + right[wrong:], right)


def measured(job: TrainingJob, wrong: int) -> Evaluation | None:
    return evaluation_finish(job_id=job.pk, lease=running(job), code_digest=CODE, answers=answered(wrong))


def test_a_job_is_asked_for_that_learns_nothing(world: World) -> None:
    client = keyed(world, "evaluations:write")
    made = client.post(EVALUATIONS, ASKED)
    assert made.status_code == 201, made.json()
    told = made.json()
    assert (told["parent"], told["champion"], told["dataset"]) == ("echo/2", "echo/1", "exam/1")
    assert (told["recipe"], told["state"], told["evaluation"]) == ("evaluation", "waiting", None)
    again = client.post(EVALUATIONS, ASKED)
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    assert AuditEntry.objects.get(action="evaluation.requested").target == "version:echo/2"


def test_its_gates_reasons_and_digests_are_read_with_the_job(world: World) -> None:
    job = ask(world)
    measured(job, wrong=4)
    told = keyed(world, "read").get(f"/api/v1/training/jobs/{job.pk}", {"wait": 60}).json()
    assert (told["state"], told["result"]) == ("done", None)
    evaluation = told["evaluation"]
    assert (evaluation["passed"], evaluation["candidate"], evaluation["champion"]) == (False, "echo/2", "echo/1")
    assert "right on 90.0% and the champion on 100.0%" in evaluation["verdicts"][0]["reason"]
    assert evaluation["candidate_digest"] == job.parent.digest
    assert OutboxEvent.objects.filter(name="training.candidate_refused").count() == 1


def test_measured_again_it_is_the_same_evaluation_and_its_job_says_so(world: World) -> None:
    first = measured(ask(world), wrong=0)
    again = ask(world)
    assert measured(again, wrong=0) == first
    again.refresh_from_db()
    assert (again.state, again.evaluation, Evaluation.objects.count()) == ("done", first, 1)


def test_what_was_cancelled_is_measured_to_be_nothing(world: World) -> None:
    job = ask(world)
    lease = running(job)
    job_cancel(actor=world.ada, job=job)
    assert evaluation_finish(job_id=job.pk, lease=lease, code_digest=CODE, answers=answered(0)) is None
    job.refresh_from_db()
    assert (job.state, Evaluation.objects.count()) == ("cancelled", 0)


def test_answers_to_other_samples_fail_it(world: World) -> None:
    job = ask(world)
    few = Answers(["odd"], ["odd"])
    assert evaluation_finish(job_id=job.pk, lease=running(job), code_digest=CODE, answers=few) is None
    job.refresh_from_db()
    assert (job.state, job.code) == ("failed", "dataset_unfit")


def test_the_alias_champion_is_measured_beside_where_nothing_is_said(world: World) -> None:
    first = ask(world).champion
    assert first is not None
    Alias.objects.create(model=first.model, name="champion", version=first)
    assert ask(world, champion=None).champion == first


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"model": "nobody"}, 404, "not_found", "There is no registered model 'nobody'."),
        ({"candidate": "9"}, 404, "not_found", "The model 'echo' has no version '9'."),
        ({"candidate": "other/1"}, 400, "other_model", "other/1 is no version of the model 'echo'."),
        ({"champion": "other/1"}, 400, "other_model", "other/1 is no version of the model 'echo'."),
        ({"champion": "2"}, 409, "same_version", "echo/2 is what it would be measured beside."),
        ({"champion": None}, 409, "no_champion", "The model 'echo' has no champion to measure echo/2 beside."),
        ({"dataset": "exam/7"}, 404, "not_found", "There is no dataset version 'exam/7'."),
        ({"dataset": None}, 400, "invalid", "dataset"),
        ({"device": "abacus"}, 400, "bad_parameters", "'device' is one of auto, cpu, cuda."),
        ({"limit": {"seconds": 10**9}}, 400, "bad_parameters", "The limit 'seconds' must be from 1 to"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(
    world: World, change: dict[str, object], status: int, code: str, words: str
) -> None:
    answer = world.client(world.ada).post(EVALUATIONS, ASKED | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.json()
    assert words in json.dumps(answer.json()["error"], ensure_ascii=False)
    assert not TrainingJob.objects.exists()


def test_a_dataset_whose_labels_were_deleted_with_their_subject_is_refused(world: World) -> None:
    samples = [sample("one", "odd"), sample("two", "even", origins=((new_id(), "s" * 64),))]
    version_freeze(actor=world.ada, name="met", samples=samples)
    with transaction.atomic():
        samples_erase(subject="s" * 64)
    answer = world.client(world.ada).post(EVALUATIONS, ASKED | {"dataset": "met/1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "samples_erased")
    assert answer.json()["error"]["message"] == "1 of the 2 samples of met/1 were deleted with their subject."


def test_a_corrupt_candidate_is_refused(world: World) -> None:
    version_mark_corrupt(version_id=ask(world).parent_id, path="echo.py", reason="It differs.", reported_by="n1")
    TrainingJob.objects.update(state="cancelled", ended_at="2020-01-01T00:00:00Z")
    answer = world.client(world.ada).post(EVALUATIONS, ASKED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "parent_unusable")


def test_a_key_for_evaluations_trains_nothing_and_one_without_asks_for_none(world: World) -> None:
    job = {"model": "echo", "parent": "1", "dataset": "exam/1", "recipe": "full"}
    assert keyed(world, "evaluations:write").post("/api/v1/training/jobs", job).status_code == 403
    assert keyed(world, "read", "models:write", "training:write").post(EVALUATIONS, ASKED).status_code == 403


def test_who_may_not_run_jobs_has_nothing_measured(world: World) -> None:
    assert world.client(world.cy).post(EVALUATIONS, ASKED).status_code == 403


def test_its_page_shows_gates_and_no_curve(world: World) -> None:
    from tests.console.conftest import signed_in

    job = ask(world)
    measured(job, wrong=4)
    shown = signed_in(world.ada).get(f"/training/{job.pk}/").content.decode()
    assert "echo v2, evaluation" in shown and "refused by a gate" in shown and "10.00 points worse" in shown
    assert "Candidate</dt>" in shown and "<h2>Loss</h2>" not in shown and "Checkpoint" not in shown
    assert "refused by a gate" in signed_in(world.ada).get("/training/").content.decode()


def test_evaluations_are_listed_by_their_candidate(world: World) -> None:
    mine = measured(ask(world), wrong=4)
    turned = measured(ask(world, candidate="1", champion="2"), wrong=0)
    assert mine is not None and turned is not None

    def listed(**asked: object) -> list[int]:
        answer = keyed(world, "read").get(EVALUATIONS, asked)
        assert answer.status_code == 200, answer.json()
        return [each["id"] for each in answer.json()["results"]]

    assert listed() == listed(model="echo") == [turned.pk, mine.pk]
    assert (listed(model="echo", version=2), listed(model="echo", version=1)) == ([mine.pk], [turned.pk])
    assert listed(model="echo", version=9) == listed(model="other") == listed(model="other", version=1) == []


@pytest.mark.parametrize("asked", [{"version": 2}, {"model": "echo", "version": "@next"}])
def test_a_candidate_that_is_no_number_of_a_model_is_refused_in_words(world: World, asked: dict[str, object]) -> None:
    answer = keyed(world, "read").get(EVALUATIONS, asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert "version" in json.dumps(answer.json()["error"])
