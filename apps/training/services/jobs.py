"""Asking for a training job, and wanting no more of one."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.models import User
from apps.datasets.errors import SamplesErased
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import version_erased
from apps.registry.models import Alias, ModelVersion
from apps.training import access
from apps.training.errors import BadParameters, DatasetUnfit, JobEnded, ParentUnusable, UnknownRecipe
from apps.training.events import JobRequested
from apps.training.models import TrainingJob
from apps.training.rules import limits, machine, recipes
from apps.training.services import standing

DEVICES = ("auto", "cpu", "cuda")
_SEED_MOST = 2**31 - 1


def job_request(
    *,
    actor: User,
    parent: ModelVersion,
    dataset: DatasetVersion,
    recipe: str,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    measured_on: DatasetVersion | None = None,
    champion: ModelVersion | None = None,
    limit: Mapping[str, int] | None = None,
) -> tuple[TrainingJob, bool]:
    """Ask for a new version of `parent`'s model; returns the job and whether it is new: an equal one may be open.

    With `measured_on`, candidate and `champion` (by default what the alias `champion` points at, else the parent) are
    measured on it. `limit` may hold `seconds`, `memory_bytes` and `disk_bytes`. Raises UnknownRecipe, BadParameters,
    DatasetUnfit, SamplesErased or ParentUnusable.
    """
    access.trainer(actor)
    told = request_checked(recipe, parameters or {}, seed, device, limit or {})
    _require_fit(parent, dataset, measured_on)
    beside = (champion or _champion(parent)) if measured_on else None
    if beside is not None and beside.model_id != parent.model_id:
        raise DatasetUnfit(f"{beside} is no version of the model '{parent.model.name}'.")
    fields = told | {"parent": parent, "dataset": dataset, "measured_on": measured_on, "champion": beside}
    about = {"recipe": recipe, "parent": str(parent)}
    return job_open(actor, fields, "training.requested", f"model:{parent.model.name}", **about)


def job_open(
    actor: User, fields: Mapping[str, Any], action: str, target: str, **about: str
) -> tuple[TrainingJob, bool]:
    """Write the row of a job, tell of it and put it on record, unless an equal one is open; as job_request."""
    fingerprint = _fingerprint(fields)
    with transaction.atomic():
        made = TrainingJob(**fields, fingerprint=fingerprint, requested_by=actor)
        TrainingJob.objects.bulk_create([made], ignore_conflicts=True)
        if not TrainingJob.objects.filter(pk=made.pk).exists():
            return _equal(fingerprint), False
        dataset: DatasetVersion = fields["dataset"]
        told = about | {"dataset": str(dataset), "dataset_digest": dataset.digest}
        audit.record(actor=actor, action=action, target=target, job=str(made.pk), **told)
        outbox.emit(JobRequested(job_id=str(made.pk)))
    return access.job_for(actor, made.pk), True


def _equal(fingerprint: str) -> TrainingJob:
    """The open job that is the same; in the moment that it ends, the ended one."""
    same = TrainingJob.objects.filter(fingerprint=fingerprint).select_related(*access.RELATED)
    return same.order_by("-requested_at")[0]


def request_checked(
    recipe: str, parameters: Mapping[str, Any], seed: int, device: str, limit: Mapping[str, int]
) -> dict[str, Any]:
    """Fields of a job: parameters spelt out, and each limit. Raises UnknownRecipe or BadParameters."""
    if recipe not in recipes.RECIPES:
        raise UnknownRecipe(f"There is no recipe '{recipe[:40]}'; there are {', '.join(recipes.RECIPES)}.")
    spelt, fault = recipes.parameters_normalise(recipe, parameters)
    if fault:
        raise BadParameters(fault)
    if not 0 <= seed <= _SEED_MOST:
        raise BadParameters(f"'seed' is from 0 to {_SEED_MOST:,}.")
    return {"recipe": recipe, "parameters": spelt, "seed": seed, **device_and_limits(device, limit)}


def device_and_limits(device: str, limit: Mapping[str, int]) -> dict[str, Any]:
    """Fields of a job: where it runs and what it may take. Raises BadParameters."""
    if device not in DEVICES:
        raise BadParameters(f"'device' is one of {', '.join(DEVICES)}.")
    return {"device": device, **_limits(limit)}


def _limits(limit: Mapping[str, int]) -> dict[str, int]:
    if unknown := sorted(set(limit) - set(limits.LIMITS)):
        raise BadParameters(f"There is no limit '{unknown[0]}'; there are {', '.join(limits.LIMITS)}.")
    found = {}
    for name, (least, most, usual) in limits.LIMITS.items():
        value = limit.get(name, usual)
        if not least <= value <= most:
            raise BadParameters(f"The limit '{name}' must be from {least:,} to {most:,}.")
        found[f"limit_{name}"] = value
    return found


def _require_fit(parent: ModelVersion, dataset: DatasetVersion, measured_on: DatasetVersion | None) -> None:
    for version in filter(None, (dataset, measured_on)):
        require_fit(parent, version)
    if measured_on and measured_on.digest == dataset.digest:
        raise DatasetUnfit(f"{measured_on} is what it would be trained on.")


def require_fit(version: ModelVersion, samples: DatasetVersion) -> None:
    """Raise ParentUnusable, DatasetUnfit or SamplesErased unless the version can answer these samples."""
    if version.state != ModelVersion.State.READY:
        raise ParentUnusable(f"{version} is {version.state}: {version.state_reason}")
    known = {each["name"] for each in version.manifest["inputs"]}
    if strange := sorted(set(samples.inputs) - known):
        raise DatasetUnfit(f"{samples} has the input '{strange[0]}', which {version} does not know.")
    if lost := version_erased(samples):
        raise SamplesErased(
            f"{lost:,} of the {samples.samples_count:,} samples of {samples} were deleted with their subject."
        )


def _champion(parent: ModelVersion) -> ModelVersion:
    return champion_of(parent.model_id) or parent


def champion_of(model_id: int) -> ModelVersion | None:
    """What the model's alias `champion` points at."""
    alias = Alias.objects.filter(model=model_id, name="champion").select_related("version__model").first()
    return alias.version if alias else None


def _fingerprint(fields: Mapping[str, Any]) -> str:
    plain = {name: getattr(value, "digest", value) for name, value in fields.items()}
    plain["model"] = fields["parent"].model_id
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def job_cancel(*, actor: User, job: TrainingJob) -> TrainingJob:
    """Want no more of it: at once where it waits, else its host is told with the next heartbeat. Raises JobEnded."""
    with transaction.atomic():
        row = TrainingJob.objects.select_for_update(no_key=True).get(pk=job.pk)
        try:
            after = machine.cancel(standing.of(row))
        except machine.NotPossible as error:
            raise JobEnded(f"This training job is {row.state} already.") from error
        if not row.cancelling:
            standing.write(row, after, code="cancelled", reason=f"{actor.get_username()} cancelled it.")
            audit.record(
                actor=actor, action="training.cancelled", target=f"model:{row.parent.model.name}", job=str(row.pk)
            )
    return access.job_for(actor, job.pk)
