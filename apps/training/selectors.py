"""Reading jobs, their points and what a node's host needs of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from apps.deployments.models import Deployment
from apps.registry.models import ModelVersion, RegisteredModel
from apps.training.access import RELATED, TRIGGER_RELATED
from apps.training.models import Evaluation, GatePolicy, LossPoint, RetrainTrigger, TrainingJob
from apps.training.rules.evaluation import DEFAULT_CLAUSES, FACTS, clause_spelt, evaluation_digest


def jobs_list(*, state: str = "", model: str = "") -> QuerySet[TrainingJob]:
    """Jobs, newest first."""
    found = TrainingJob.objects.select_related(*RELATED).order_by("-requested_at")
    if state:
        found = found.filter(state=state)
    return found.filter(parent__model__name=model) if model else found


def triggers_list(*, allowed: Sequence[str] = (), deployment: str = "", state: str = "") -> QuerySet[RetrainTrigger]:
    """What called for retraining, newest first; of the `allowed` deployments, or of all."""
    found = RetrainTrigger.objects.select_related(*TRIGGER_RELATED).order_by("-pk")
    if allowed:
        found = found.filter(deployment__name__in=allowed)
    if deployment:
        found = found.filter(deployment__name=deployment)
    return found.filter(state=state) if state else found


def last_retrained(deployment: Deployment) -> datetime | None:
    """When the last retraining ended that came to a job."""
    ended = RetrainTrigger.objects.filter(deployment=deployment, job__isnull=False, ended_at__isnull=False)
    return ended.order_by("-ended_at").values_list("ended_at", flat=True).first()


def job_points(job: TrainingJob) -> list[tuple[int, float]]:
    """(step, loss) in order."""
    return list(LossPoint.objects.filter(job=job).order_by("step").values_list("step", "loss"))


def evaluations_list(*, model: str = "", version: int | None = None) -> QuerySet[Evaluation]:
    """Evaluations, newest first: all, or those whose candidate is of a model, or has a number."""
    found = Evaluation.objects.select_related("candidate__model", "champion__model", "dataset__dataset").order_by("-pk")
    if model:
        found = found.filter(candidate__model__name=model)
    return found if version is None else found.filter(candidate__number=version)


def gates_list(*, model: str = "") -> QuerySet[RegisteredModel]:
    """Models, newest first, each with `own_clauses`: those of its own policy, or None."""
    own = GatePolicy.objects.filter(model=OuterRef("pk")).values("clauses")
    found = RegisteredModel.objects.annotate(own_clauses=Subquery(own)).order_by("-pk")
    return found.filter(name=model) if model else found


def model_clauses(model_id: int) -> list[dict[str, Any]]:
    """What a candidate of the model must show, spelt out: its own policy's clauses, or what is usual."""
    return clauses_in_force(own_clauses(model_id))


def own_clauses(model_id: int) -> list[dict[str, Any]] | None:
    """Those of the model's own policy, as they were set, or None."""
    return GatePolicy.objects.filter(model=model_id).values_list("clauses", flat=True).first()


def clauses_in_force(own: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """A policy's clauses, spelt out; where there is none, what is usual."""
    return [clause_spelt(each) for each in (DEFAULT_CLAUSES if own is None else own)]


def evaluations_of(version: ModelVersion) -> QuerySet[Evaluation]:
    """The evaluations that the version was the candidate of, newest first."""
    return evaluations_list().filter(candidate=version)


def evaluation_digest_now(evaluation: Evaluation) -> str:
    """Its digest worked out anew over what is stored."""
    facts = {name: getattr(evaluation, name) for name in FACTS}
    return evaluation_digest(evaluation.candidate_id, evaluation.champion_id, evaluation.dataset_id, facts)


def job_spec(job_id: UUID) -> dict[str, Any]:
    """What the child process of a job is told, but for where its files lie."""
    job = TrainingJob.objects.select_related("parent__model", "champion__model").get(pk=job_id)
    return {
        "job": str(job.pk),
        "recipe": job.recipe,
        "learns": job.learns,
        "parameters": job.parameters,
        "seed": job.seed,
        "device": job.device,
        "directory": str(job.directory),
        "parent": _version(job.parent),
        "champion": _version(job.champion) if job.champion else None,
        "dataset": job.dataset_id if job.learns else None,
        "measured_on": job.measured_on_id,
        "seconds": job.seconds,
        "limits": {
            "seconds": job.limit_seconds,
            "memory_bytes": job.limit_memory_bytes,
            "disk_bytes": job.limit_disk_bytes,
        },
    }


def _version(version: ModelVersion) -> dict[str, Any]:
    return {
        "id": version.pk,
        "name": str(version),
        "directory": str(version.directory),
        "manifest": version.manifest,
        "files": list(version.artifacts.values("path", "sha256", "size")),
    }
