"""A result becomes a version with its lineage and its evaluation, once, whatever is killed and called again."""

import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import InternalError

from apps.core.models import AuditEntry, OutboxEvent
from apps.registry.models import ModelVersion
from apps.training.models import Evaluation, GatePolicy, TrainingJob
from apps.training.services import ending, job_cancel, job_finish
from apps.training.services.evaluations import Answers
from tests.registry import artifact
from tests.training_jobs.makers import frozen, requested, running
from tests.world import World

pytestmark = pytest.mark.django_db
CODE = "c" * 64


class Finishing:
    """A job on its way and the directory of its result."""

    def __init__(self, world: World, directory: Path, weights: tuple[float, ...] = (5.0, 6.0)) -> None:
        parent = artifact.version(world.ada)
        self.measured_on = frozen(world, "measure", 40)
        self.job = requested(world, parent, dataset=frozen(world), measured_on=self.measured_on)
        self.lease = running(self.job)
        self.result = directory
        for path, content in (artifact.files() | {"weights/model.safetensors": artifact.safetensors(weights)}).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(content)

    def finish(self, lease: UUID | None = None, **more: Any) -> ModelVersion | None:
        asked = {"lease": lease or self.lease, "result": self.result, "code_digest": CODE}
        version = job_finish(job_id=self.job.pk, **asked, **more)
        self.job.refresh_from_db()
        return version

    def answers(self, wrong: int = 0) -> Answers:
        """The champion is always right; the candidate but for so many."""
        from apps.datasets.selectors import version_samples

        right = [each.label for each in version_samples(self.measured_on)]
        return Answers(["wrong"] * wrong + right[wrong:], right)


@pytest.fixture
def finishing(world: World, home: Path, tmp_path: Path) -> Finishing:
    return Finishing(world, tmp_path / "result")


def test_the_result_is_a_version_with_lineage(finishing: Finishing) -> None:
    version = finishing.finish()
    job = finishing.job
    assert version is not None and str(version) == "echo/2"
    assert (job.state, job.result, job.code_digest, job.lease) == ("done", version, CODE, None)
    assert version.parent == job.parent
    assert version.lineage["dataset"] == f"texts/1 sha256:{job.dataset.digest}"
    assert version.lineage["code"] == f"recipe full, workers/training sha256:{CODE}"
    assert str(job.pk) in version.lineage["notes"]


def test_finishing_again_makes_nothing_twice(finishing: Finishing) -> None:
    finishing.finish(answers=finishing.answers())
    assert finishing.finish(answers=finishing.answers()) is None
    assert ModelVersion.objects.count() == 2
    assert Evaluation.objects.count() == 1
    assert OutboxEvent.objects.filter(name="training.job_ended").count() == 1


def test_killed_after_the_registration_the_next_attempt_ends_with_the_same_version(
    finishing: Finishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ending, "_end", killed)
        with pytest.raises(KeyboardInterrupt):
            finishing.finish()
    registered = ModelVersion.objects.get(number=2)
    TrainingJob.objects.update(state="waiting", lease=None, lease_until=None)
    assert finishing.finish(running(finishing.job)) == registered
    assert ModelVersion.objects.count() == 2
    assert AuditEntry.objects.filter(action="training.done").count() == 1


def test_who_lost_the_lease_ends_nothing(finishing: Finishing) -> None:
    TrainingJob.objects.update(state="waiting", lease=None, lease_until=None)
    assert finishing.finish() is None
    assert finishing.job.state == "waiting"


def test_what_was_cancelled_is_not_registered(finishing: Finishing, world: World) -> None:
    job_cancel(actor=world.ada, job=finishing.job)
    assert finishing.finish() is None
    assert (finishing.job.state, ModelVersion.objects.count()) == ("cancelled", 1)


def test_a_result_that_is_the_parent_is_none(world: World, home: Path, tmp_path: Path) -> None:
    finishing = Finishing(world, tmp_path / "result", weights=(1.0, 2.0))
    assert finishing.finish() is None
    assert (finishing.job.state, finishing.job.code) == ("failed", "nothing_learned")


def test_a_result_that_the_registry_refuses_fails_the_job_in_its_words(finishing: Finishing) -> None:
    shutil.copyfile(finishing.result / "echo.py", finishing.result / "model.pkl")
    (finishing.result / "model.yaml").unlink()
    assert finishing.finish() is None
    assert finishing.job.state == "failed"
    assert finishing.job.reason.startswith("Its result was refused: ")


def test_who_lost_the_right_to_publish_gets_no_version(finishing: Finishing, world: World) -> None:
    world.ada.groups.clear()
    assert finishing.finish() is None
    assert (finishing.job.state, finishing.job.code) == ("failed", "forbidden")


def test_a_candidate_that_loses_nothing_passes(finishing: Finishing) -> None:
    version = finishing.finish(answers=finishing.answers())
    evaluation = Evaluation.objects.get()
    assert (evaluation.passed, evaluation.candidate, evaluation.champion_id) == (True, version, finishing.job.parent_id)
    assert (evaluation.dataset_digest, evaluation.candidate_digest) == (finishing.measured_on.digest, version.digest)
    assert {row["slice"]: row["samples"] for row in evaluation.figures}["class:odd"] == 20
    told = OutboxEvent.objects.get(name="training.candidate_passed").payload
    assert told["digest"] == evaluation.digest


def test_a_candidate_that_lost_too_much_is_refused_with_numbers(finishing: Finishing) -> None:
    finishing.finish(answers=finishing.answers(wrong=4))
    assert finishing.job.state == "done"
    assert not Evaluation.objects.get().passed
    told = OutboxEvent.objects.get(name="training.candidate_refused").payload
    assert "right on 90.0% and the champion on 100.0%: 10.00 points worse (0 won, 4 lost" in told["reason"]


def test_the_models_own_gates_judge_it(finishing: Finishing) -> None:
    clauses = [{"slice": "all", "must": "not_be_worse", "by": 0.2}]
    GatePolicy.objects.create(model=finishing.job.parent.model, clauses=clauses)
    finishing.finish(answers=finishing.answers(wrong=4))
    assert Evaluation.objects.get().passed


def test_answers_to_other_samples_fail_the_job(finishing: Finishing) -> None:
    assert finishing.finish(answers=Answers(["odd"], ["odd"])) is None
    assert (finishing.job.state, finishing.job.code) == ("failed", "dataset_unfit")


def test_an_evaluation_is_changed_by_nobody(finishing: Finishing) -> None:
    finishing.finish(answers=finishing.answers(wrong=4))
    for change in (
        lambda: Evaluation.objects.update(passed=True),
        lambda: Evaluation.objects.all()._raw_delete("default"),
    ):
        with pytest.raises((InternalError, IntegrityError), match="immutable"), transaction.atomic():
            change()
