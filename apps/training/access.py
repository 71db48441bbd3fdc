"""The only door to training: fetching something and checking the right to it are one act.

Anybody signed in may read.
"""

from collections.abc import Sequence
from uuid import UUID

from apps.core.errors import NotFound
from apps.core.models import User
from apps.core.permissions import require
from apps.datasets.access import freezer
from apps.deployments.access import deployment_for, deployment_to_operate
from apps.deployments.models import Deployment
from apps.inference.access import deployment_allowed
from apps.registry.access import model_to_read, publisher
from apps.registry.models import RegisteredModel
from apps.training.errors import NoRetrainPolicy, UnknownJob
from apps.training.models import Evaluation, GatePolicy, RetrainPolicy, RetrainTrigger, TrainingJob

RUN = "training.run_trainingjob"


def trainer(actor: User) -> None:
    """Raise Forbidden unless `actor` may start jobs, whose results are registered in their name."""
    require(actor, RUN, "start and cancel training jobs")
    publisher(actor)


def evaluator(actor: User) -> None:
    """Raise Forbidden unless `actor` may have versions measured: nothing is registered in their name."""
    require(actor, RUN, "have versions measured")


def gates_to_set(actor: User, name: str) -> RegisteredModel:
    """The model called `name`, for somebody who may set its gates: a first policy of it, or another."""
    model = model_to_read(actor, name)
    verb = "change" if GatePolicy.objects.filter(model=model).exists() else "add"
    require(actor, f"training.{verb}_gatepolicy", "set the gates of a model")
    return model


def job_for(actor: User, job_id: UUID) -> TrainingJob:
    """The job with this id, to read; raises UnknownJob."""
    found = TrainingJob.objects.filter(pk=job_id).select_related(*RELATED).first()
    if found is None or not actor.is_active:
        raise UnknownJob(f"There is no training job {job_id}.")
    return found


def job_to_cancel(actor: User, job_id: UUID) -> TrainingJob:
    """The job with this id, for somebody who may cancel it."""
    require(actor, RUN, "start and cancel training jobs")
    return job_for(actor, job_id)


def evaluation_for(actor: User, evaluation_id: int) -> Evaluation:
    """The evaluation with this number, to read."""
    related = ("candidate__model", "champion__model", "dataset__dataset")
    found = Evaluation.objects.filter(pk=evaluation_id).select_related(*related).first()
    if found is None or not actor.is_active:
        raise NotFound(f"There is no evaluation {evaluation_id}.")
    return found


def retrainer(actor: User, name: str) -> Deployment:
    """The deployment called `name`, for who may do all that its retraining does in their name.

    That is to freeze samples, start jobs, publish what comes of them and ask for a rollout. Raises Forbidden.
    """
    trainer(actor)
    freezer(actor)
    return deployment_to_operate(actor, name)


def policy_for(actor: User, name: str) -> RetrainPolicy:
    """The retraining policy of the deployment called `name`, to read."""
    deployment = deployment_for(actor, name)
    related = RetrainPolicy.objects.select_related("set_by", "deployment")
    found = related.prefetch_related("base__dataset", "measured_on__dataset").filter(deployment=deployment).first()
    if found is None:
        raise NoRetrainPolicy(f"Nobody said when and with what '{name}' is retrained.")
    return found


def trigger_for(allowed: Sequence[str], trigger_id: int) -> RetrainTrigger:
    """The trigger with this number, to read: anybody signed in may, a key for its deployments only."""
    found = RetrainTrigger.objects.filter(pk=trigger_id).select_related(*TRIGGER_RELATED).first()
    if found is None:
        raise NotFound(f"There is no trigger {trigger_id}.", remedy="GET /api/v1/training/triggers lists them.")
    if refusal := deployment_allowed(allowed, found.deployment.name):
        raise refusal
    return found


#: What an answer tells of a trigger.
TRIGGER_RELATED = ("deployment", "actor", "revision", "job__dataset__dataset", "job__measured_on__dataset")
#: What the text of a job needs.
RELATED = (
    "parent__model",
    "dataset__dataset",
    "measured_on__dataset",
    "champion__model",
    "result__model",
    "evaluation",
    "requested_by",
)
