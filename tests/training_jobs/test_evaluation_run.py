"""Two versions that were made elsewhere, measured by true child processes beside one another."""

from pathlib import Path

import pytest
import torch
from transformers import BertForSequenceClassification

from apps.approvals.selectors import evaluation_evidence
from apps.registry.models import ModelVersion
from apps.registry.services import directory_register
from apps.training.models import Evaluation
from apps.training.services import evaluation_request
from tests.registry import artifact
from tests.training_jobs.hosting import PATIENT, Hosting, spoken
from tests.training_jobs.makers import frozen
from tests.training_jobs.texts import classifier, moods, write_classifier
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def elsewhere(world: World, directory: Path, champion: ModelVersion) -> ModelVersion:
    """The same classifier with its head turned round."""
    write_classifier(directory)
    model = BertForSequenceClassification.from_pretrained(directory)
    with torch.no_grad():
        model.classifier.weight.neg_()
        model.classifier.bias.neg_()
    model.save_pretrained(directory)
    return directory_register(actor=world.ada, model=champion.model, directory=directory)[0]


def test_it_ends_in_an_evaluation_bound_to_digests_that_a_request_for_a_rollout_then_shows(
    world: World, home: Path, tmp_path: Path
) -> None:
    champion = classifier(world, tmp_path / "classifier")
    candidate = elsewhere(world, tmp_path / "elsewhere", champion)
    exam = moods(world, "exam")
    job, _ = evaluation_request(actor=world.ada, candidate=candidate, champion=champion, dataset=exam)
    job = Hosting(job).start().ends()
    assert (job.state, job.result) == ("done", None), job.reason
    evaluation = Evaluation.objects.get()
    assert job.evaluation == evaluation
    overall = evaluation.figures[0]
    assert (overall["slice"], overall["samples"]) == ("all", 40)
    # What one has right the other has wrong.
    assert overall["candidate"] + overall["champion"] == 1
    digests = evaluation.candidate_digest, evaluation.champion_digest, evaluation.dataset_digest
    assert digests == (candidate.digest, champion.digest, exam.digest)
    assert evaluation_evidence(candidate)["Evaluation digest"] == evaluation.digest
    assert not job.directory.exists()


def test_samples_that_the_model_has_no_label_for_fail_it_in_words(world: World, home: Path, tmp_path: Path) -> None:
    champion = classifier(world, tmp_path / "classifier")
    candidate = elsewhere(world, tmp_path / "elsewhere", champion)
    job, _ = evaluation_request(actor=world.ada, candidate=candidate, champion=champion, dataset=frozen(world, count=1))
    job = Hosting(job).start().ends()
    assert (job.state, job.code) == ("failed", "dataset_unfit")
    assert job.reason == "The label 'even' is none of the model's: it knows negative, positive."


def test_models_that_no_family_knows_fail_it_in_words(world: World, home: Path) -> None:
    champion, candidate = artifact.version(world.ada), artifact.version(world.ada, weights=(3.0, 4.0))
    job, _ = evaluation_request(actor=world.ada, candidate=candidate, champion=champion, dataset=frozen(world))
    job = Hosting(job).start().ends()
    assert (job.state, job.code) == ("failed", "model_not_trained_here")
    assert "task 'echo' are neither trained nor measured here" in job.reason


def test_its_time_is_limited(world: World, home: Path) -> None:
    champion, candidate = artifact.version(world.ada), artifact.version(world.ada, weights=(3.0, 4.0))
    about = {"candidate": candidate, "champion": champion, "dataset": frozen(world), "limit": {"seconds": 1}}
    job, _ = evaluation_request(actor=world.ada, **about)
    job = Hosting(job).runs(spoken("told.get(timeout=60)"))
    assert (job.state, job.code) == ("failed", "time_limit")


def test_a_worker_that_stops_gives_it_back_and_the_next_one_ends_it(world: World, home: Path, tmp_path: Path) -> None:
    champion = classifier(world, tmp_path / "classifier")
    candidate = elsewhere(world, tmp_path / "elsewhere", champion)
    asked, _ = evaluation_request(actor=world.ada, candidate=candidate, champion=champion, dataset=moods(world))
    hosting = Hosting(asked)
    hosting.start(PATIENT).until(lambda job: job.step == 1)
    hosting.life.stopping.set()
    assert hosting.ends().state == "waiting"
    hosting.life.stopping.clear()
    assert hosting.start().ends().state == "done"
