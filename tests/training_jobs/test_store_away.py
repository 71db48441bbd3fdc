"""A result that the store of artifacts does not take at once is not lost, and not passed over in silence.

The store is away where a file lies in its directory's place, and full as /dev/full is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from apps.core.models import AuditEntry
from apps.registry import intake, storage
from apps.registry.models import ModelVersion
from tests.registry import artifact
from tests.registry.test_upload_disk_full import write_to_a_full_disk
from tests.training_jobs.hosting import Hosting, spoken
from tests.training_jobs.makers import requested
from tests.workers.hosting import until
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

DONE = spoken("say('done', code_digest='c' * 64)")
#: Longer than any test waits.
PATIENTLY = (0.1,) * 6000


@pytest.fixture
def trained(world: World, home: Path) -> Hosting:
    """A job whose result lies there already."""
    job = requested(world)
    for path, content in (artifact.files() | {"weights/model.safetensors": artifact.safetensors((5.0, 6.0))}).items():
        location = job.directory / "result" / path
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_bytes(content)
    return Hosting(job)


@contextmanager
def away() -> Iterator[None]:
    root = storage.artifacts_root()
    elsewhere = root.rename(root.with_name("elsewhere"))
    root.touch()
    try:
        yield
    finally:
        root.unlink()
        elsewhere.rename(root)


def tried(times: int) -> None:
    """Wait until the host has tried in vain so many times to register the result."""
    refused = AuditEntry.objects.filter(action="upload.discard")
    until(lambda: refused.count() >= times, f"{times} tries", seconds=120)


def test_a_store_that_is_away_for_a_while_costs_no_result(trained: Hosting) -> None:
    trained.pace = replace(trained.pace, store=PATIENTLY)
    with away():
        trained.start(DONE)
        tried(3)
    job = trained.ends()
    assert (job.state, job.code, str(job.result), job.attempts) == ("done", "", "echo/2", 1)
    assert ModelVersion.objects.count() == 2


def test_the_lease_is_kept_while_the_store_is_away(trained: Hosting) -> None:
    trained.pace = replace(trained.pace, store=PATIENTLY)
    with away():
        trained.start(DONE)
        tried(2)
        before = trained.now().lease_until
        assert before is not None
        trained.until(lambda job: job.lease_until is not None and job.lease_until > before)
    trained.ends()


def test_a_store_that_stays_full_fails_the_job_with_disk_full(
    trained: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_write", write_to_a_full_disk)
    job = trained.runs(DONE)
    assert (job.state, job.code) == ("failed", "disk_full")
    assert job.reason == "Its result could not be registered: The disk that holds the artifacts is full."


def test_a_full_store_is_tried_again_before_the_job_fails(trained: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_write", write_to_a_full_disk)
    trained.runs(DONE)
    assert AuditEntry.objects.filter(action="upload.discard").count() == 3


def test_a_store_that_stays_away_fails_the_job_with_the_error_by_name(trained: Hosting) -> None:
    with away():
        job = trained.runs(DONE)
    assert (job.state, job.code) == ("failed", "host_failed")
    assert job.reason.startswith("Its result could not be registered: FileExistsError: ")


def test_a_worker_that_stops_while_the_store_is_away_leaves_the_result_for_the_next(trained: Hosting) -> None:
    trained.pace = replace(trained.pace, store=(3600,))
    with away():
        trained.start(DONE)
        tried(1)
        trained.life.stopping.set()
        job = trained.ends()
    assert (job.state, job.code, job.fruitless) == ("waiting", "worker_stopped", 0)
    assert (job.directory / "result").is_dir()
