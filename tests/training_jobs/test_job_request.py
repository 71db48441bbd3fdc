"""Asking for a job: what does not fit is refused in words, and two who ask for the same get one job."""

from pathlib import Path

import pytest

from apps.core.errors import Forbidden
from apps.core.ids import new_id
from apps.core.models import AuditEntry, OutboxEvent
from apps.datasets.errors import SamplesErased
from apps.datasets.rules import Described
from apps.datasets.services import samples_erase, version_freeze
from apps.registry.models import ModelVersion, RegisteredModel
from apps.registry.services import alias_move
from apps.training.errors import BadParameters, DatasetUnfit, JobEnded, ParentUnusable, UnknownRecipe
from apps.training.models import TrainingJob
from apps.training.services import job_cancel, job_request
from tests.datasets.samples import asset, sample
from tests.registry import artifact
from tests.training_jobs.makers import frozen, requested, running
from tests.world import World

pytestmark = pytest.mark.django_db


def test_a_job_waits_with_everything_spelt_out(world: World, home: Path) -> None:
    job = requested(world, parameters={"steps": 20}, limit={"seconds": 60})
    assert (job.state, job.parameters["steps"], job.parameters["batch_size"]) == ("waiting", 20, 64)
    assert (job.limit_seconds, job.device, job.seed) == (60, "auto", 0)
    assert AuditEntry.objects.filter(action="training.requested", target="model:echo", actor=world.ada).exists()
    assert OutboxEvent.objects.get(name="training.job_requested").payload == {"job_id": str(job.pk)}


def test_the_same_job_is_asked_for_once_while_it_is_open(world: World, home: Path) -> None:
    first = requested(world)
    asked = {"actor": world.ada, "parent": first.parent, "dataset": first.dataset, "recipe": "full"}
    assert job_request(**asked) == (first, False)
    job_cancel(actor=world.ada, job=first)
    again, is_new = job_request(**asked)
    assert is_new and again != first


def test_it_is_measured_beside_the_champion_or_else_the_parent(world: World, home: Path) -> None:
    parent, other = artifact.version(world.ada), artifact.version(world.ada, weights=(3.0, 4.0))
    measured_on = frozen(world, "measure")
    assert requested(world, parent, dataset=frozen(world), measured_on=measured_on).champion == parent
    RegisteredModel.objects.update(protected_aliases=[])  # how a protected one moves is shown in tests/registry
    alias_move(actor=world.ada, model=RegisteredModel.objects.get(), alias="champion", version=other, reason="")
    job = requested(world, parent, dataset=frozen(world), measured_on=measured_on, seed=1)
    assert job.champion == other


def test_what_nobody_can_run_is_refused_in_words(world: World, home: Path) -> None:
    parent, dataset = artifact.version(world.ada), frozen(world)
    asked = {"actor": world.ada, "parent": parent, "dataset": dataset, "recipe": "full"}
    with pytest.raises(UnknownRecipe, match="there are full, frozen-encoder, lora"):
        job_request(**asked | {"recipe": "magic"})
    with pytest.raises(BadParameters, match="'steps' must be a whole number"):
        job_request(**asked, parameters={"steps": 0})
    with pytest.raises(BadParameters, match="limit 'seconds'"):
        job_request(**asked, limit={"seconds": 0})
    with pytest.raises(BadParameters, match="'device'"):
        job_request(**asked, device="abacus")
    with pytest.raises(DatasetUnfit, match="texts/1 is what it would be trained on"):
        job_request(**asked, measured_on=dataset)
    assert not TrainingJob.objects.exists()


def test_samples_that_the_model_cannot_take_are_refused(world: World, home: Path) -> None:
    strange = Described({"smell": asset("roses")}, "sweet")
    dataset, _ = version_freeze(actor=world.ada, name="smells", samples=[strange])
    with pytest.raises(DatasetUnfit, match="the input 'smell', which echo/1 does not know"):
        requested(world, dataset=dataset)


def test_a_dataset_that_lost_samples_with_their_subject_is_refused(world: World, home: Path) -> None:
    samples = [sample("one", "odd"), sample("two", "even", origins=((new_id(), "s" * 64),))]
    dataset, _ = version_freeze(actor=world.ada, name="texts", samples=samples)
    samples_erase(subject="s" * 64)
    with pytest.raises(SamplesErased, match="1 of the 2 samples of texts/1 were deleted"):
        requested(world, dataset=dataset)


def test_a_parent_whose_files_are_damaged_is_refused(world: World, home: Path) -> None:
    parent = artifact.version(world.ada)
    ModelVersion.objects.update(state="corrupt", state_reason="A byte fell over.")
    parent.refresh_from_db()
    with pytest.raises(ParentUnusable, match="echo/1 is corrupt: A byte fell over"):
        requested(world, parent)


def test_who_lacks_the_permission_starts_and_cancels_nothing(world: World, home: Path) -> None:
    job = requested(world)
    with pytest.raises(Forbidden):
        job_request(actor=world.ben, parent=job.parent, dataset=job.dataset, recipe="lora")
    client = world.client(world.ben)
    assert client.post(f"/api/v1/training/jobs/{job.pk}/cancel").status_code == 403


def test_a_waiting_job_is_cancelled_at_once_and_only_once(world: World, home: Path) -> None:
    job = job_cancel(actor=world.ada, job=requested(world))
    assert (job.state, job.code, job.reason) == ("cancelled", "cancelled", "ada cancelled it.")
    with pytest.raises(JobEnded, match="is cancelled already"):
        job_cancel(actor=world.ada, job=job)
    assert AuditEntry.objects.filter(action="training.cancelled").count() == 1


def test_a_running_job_is_to_be_cancelled(world: World, home: Path) -> None:
    job = requested(world)
    running(job)
    job = job_cancel(actor=world.ada, job=job)
    assert (job.state, job.cancelling) == ("running", True)
