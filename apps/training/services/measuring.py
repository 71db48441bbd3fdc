"""Having a version measured that was made elsewhere: the evaluation of a retraining, without the training."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from apps.core.models import User
from apps.datasets.models import DatasetVersion
from apps.registry.models import ModelVersion
from apps.training import access
from apps.training.errors import DatasetUnfit, NoChampion, OtherModel, SameVersion
from apps.training.models import Evaluation, TrainingJob
from apps.training.rules import machine
from apps.training.rules.machine import State
from apps.training.rules.recipes import EVALUATION
from apps.training.services import standing
from apps.training.services.ending import held, job_fail
from apps.training.services.evaluations import Answers, evaluation_record
from apps.training.services.jobs import champion_of, device_and_limits, job_open, require_fit

#: Of the processor, as a training job's.
_THREADS = 1


def evaluation_request(
    *,
    actor: User,
    candidate: ModelVersion,
    dataset: DatasetVersion,
    champion: ModelVersion | None = None,
    device: str = "auto",
    limit: Mapping[str, int] | None = None,
) -> tuple[TrainingJob, bool]:
    """Ask for candidate and champion to answer the same samples; the job, and whether it is new: an equal one may be
    open.

    `champion` is by default what the alias of that name points at. `limit` is as of a training job. Raises NoChampion,
    OtherModel, SameVersion, DatasetUnfit, SamplesErased, ParentUnusable or BadParameters.
    """
    access.evaluator(actor)
    told = device_and_limits(device, limit or {})
    beside = champion or champion_of(candidate.model_id)
    if beside is None:
        raise NoChampion(f"The model '{candidate.model.name}' has no champion to measure {candidate} beside.")
    if beside.model_id != candidate.model_id:
        raise OtherModel(f"{beside} is no version of the model '{candidate.model.name}'.")
    if beside.pk == candidate.pk:
        raise SameVersion(f"{candidate} is what it would be measured beside.")
    for version in (candidate, beside):
        require_fit(version, dataset)
    fields = told | {"recipe": EVALUATION, "parameters": {"threads": _THREADS}}
    samples = {"dataset": dataset, "measured_on": dataset}
    return job_open(
        actor,
        fields | samples | {"parent": candidate, "champion": beside},
        "evaluation.requested",
        f"version:{candidate}",
        champion=str(beside),
    )


def evaluation_finish(*, job_id: UUID, lease: UUID, code_digest: str, answers: Answers) -> Evaluation | None:
    """Write down what was measured, and end the job, in one transaction.

    None where the lease is lost, the job was to be cancelled, or the answers are not those of its samples, which the
    job then tells.
    """
    try:
        return _end(job_id, lease, code_digest, answers)
    except DatasetUnfit as error:
        job_fail(job_id=job_id, lease=lease, code=error.code, reason=error.message)
        return None


@transaction.atomic
def _end(job_id: UUID, lease: UUID, code_digest: str, answers: Answers) -> Evaluation | None:
    row = held(job_id, lease, locked=True)
    if row is None:
        return None
    after = machine.finish(standing.of(row))
    fields = {"code_digest": code_digest, "code": "", "reason": ""} if after.state == State.DONE else {}
    if not standing.write(row, after, **fields) or after.state != State.DONE:
        return None
    return evaluation_record(job=row, candidate=row.parent, answers=answers)
