"""The end of a job: its result becomes a model version, is measured beside the champion, and is told of, all once."""

from pathlib import Path
from uuid import UUID

from django.db import transaction

from apps.core import audit
from apps.core.errors import QuartetError
from apps.registry.errors import StorageFull, StorageUnwritable
from apps.registry.models import ModelVersion
from apps.registry.services import directory_register
from apps.training.errors import DatasetUnfit
from apps.training.models import TrainingJob
from apps.training.rules import machine
from apps.training.rules.machine import HELD, State
from apps.training.services import standing
from apps.training.services.evaluations import Answers, evaluation_record


def job_finish(
    *, job_id: UUID, lease: UUID, result: Path, code_digest: str, answers: Answers | None = None
) -> ModelVersion | None:
    """Register the directory `result` as a new version with its lineage, measure it, and end the job.

    None where the lease is lost, the job was to be cancelled, or the registry refused it, which the job then tells.
    Whatever is killed in between, it can be called again: the same files are the same version, and everything else is
    one transaction with the job's last step. Raises OSError, StorageFull or StorageUnwritable where the store does not
    take it, which says nothing of the result.
    """
    job = held(job_id, lease)
    if job is None or job.cancelling:
        if job is not None:
            job_fail(job_id=job_id, lease=lease, code="cancelled", reason="It was cancelled.")
        return None
    try:
        version = _register(job, result, code_digest)
    except (StorageFull, StorageUnwritable):
        raise
    except QuartetError as error:
        job_fail(job_id=job_id, lease=lease, code=error.code, reason=f"Its result was refused: {error.message}")
        return None
    if version.pk == job.parent_id:
        reason = f"Its result is {version}, byte for byte: nothing was learned."
        job_fail(job_id=job_id, lease=lease, code="nothing_learned", reason=reason)
        return None
    try:
        return version if _end(job_id, lease, version, code_digest, answers) else None
    except DatasetUnfit as error:
        job_fail(job_id=job_id, lease=lease, code=error.code, reason=error.message)
        return None


def _register(job: TrainingJob, result: Path, code_digest: str) -> ModelVersion:
    lineage = {
        "dataset": f"{job.dataset} sha256:{job.dataset.digest}",
        "code": f"recipe {job.recipe}, workers/training sha256:{code_digest}",
        "notes": f"training job {job.pk}: seed {job.seed}, "
        + ", ".join(f"{name} {value}" for name, value in job.parameters.items() if value is not None),
    }
    return directory_register(
        actor=job.requested_by, model=job.parent.model, directory=result, lineage=lineage, parent=job.parent
    )[0]


def _end(job_id: UUID, lease: UUID, version: ModelVersion, code_digest: str, answers: Answers | None) -> bool:
    with transaction.atomic():
        row = held(job_id, lease, locked=True)
        if row is None:
            return False
        after = machine.finish(standing.of(row))
        done = after.state == State.DONE
        fields = {"result": version, "code_digest": code_digest, "code": "", "reason": ""} if done else {}
        if not standing.write(row, after, **fields):
            return False
        if done:
            if answers is not None:
                evaluation_record(job=row, candidate=version, answers=answers)
            audit.record(
                actor=None,
                action="training.done",
                target=f"version:{version}",
                job=str(row.pk),
                parent=str(row.parent),
                dataset=str(row.dataset),
            )
    return done


def job_fail(*, job_id: UUID, lease: UUID, code: str, reason: str) -> None:
    """It cannot succeed: what is wrong, in words. A job that was to be cancelled is cancelled instead."""
    with transaction.atomic():
        row = held(job_id, lease, locked=True)
        if row is None:
            return
        after = machine.fail(standing.of(row))
        told = {"code": code[:40], "reason": reason.replace("\0", "")}
        if standing.write(row, after, **told) and after.state == State.FAILED:
            audit.record(
                actor=None,
                action="training.failed",
                target=f"model:{row.parent.model.name}",
                job=str(row.pk),
                reason=reason.replace("\0", ""),
                node=row.node,
            )


def held(job_id: UUID, lease: UUID, *, locked: bool = False) -> TrainingJob | None:
    """The job, if this lease is still its own."""
    rows = TrainingJob.objects.select_related(
        "parent__model", "dataset__dataset", "measured_on__dataset", "champion__model", "requested_by"
    )
    if locked:
        rows = rows.select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=job_id, lease=lease, state__in=HELD).first()
