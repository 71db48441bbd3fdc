"""What a retraining came to: a rollout is asked for, a gate refused the candidate, or there is none.

All three listeners may come late, twice and in any order: what is written is that of the job and its evaluation.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core.errors import QuartetError
from apps.deployments.models import Deployment
from apps.deployments.rules.spec import NOTE_LENGTH
from apps.deployments.services import revision_follow
from apps.training import access
from apps.training.errors import ChampionChanged
from apps.training.models import Evaluation, RetrainTrigger, TrainingJob
from apps.training.rules.machine import ENDED
from apps.training.rules.machine import State as JobState
from apps.training.rules.triggers import State
from apps.training.services.triggers import trigger_end


def job_over(*, event_id: UUID, job_id: str, state: str, **rest: Any) -> None:
    """Listener of training.job_ended: what has no evaluation of its own ends here; for the others see below."""
    job = TrainingJob.objects.get(pk=job_id)
    if state != JobState.DONE or not Evaluation.objects.filter(job=job).exists():
        job_settle(job)


def candidate_passed(*, event_id: UUID, evaluation_id: int, **rest: Any) -> None:
    """Listener of training.candidate_passed: ask for a rollout where a deployment's trigger led to it, once."""
    _settle(evaluation_id)


def candidate_refused(*, event_id: UUID, evaluation_id: int, **rest: Any) -> None:
    """Listener of training.candidate_refused: the trigger's row says why, with the gates' numbers."""
    _settle(evaluation_id)


def _settle(evaluation_id: int) -> None:
    evaluation = Evaluation.objects.select_related("job").get(pk=evaluation_id)
    if evaluation.job is not None:
        job_settle(evaluation.job)


def retraining_settle() -> int:
    """Triggers whose job ended without anybody having heard of it; how many."""
    ended = TrainingJob.objects.filter(triggers__state=State.TRAINING, state__in=ENDED).distinct()
    for job in (jobs := list(ended)):
        job_settle(job)
    return len(jobs)


def job_settle(job: TrainingJob) -> None:
    """Write what came of an ended job into the triggers that led to it; those that know it already stay as they are."""
    for trigger in RetrainTrigger.objects.filter(job=job, state=State.TRAINING).order_by("pk"):
        with transaction.atomic():
            Deployment.objects.select_for_update(no_key=True).get(pk=trigger.deployment_id)
            related = ("deployment__live_revision__version__model", "actor")
            row = RetrainTrigger.objects.select_related(*related).get(pk=trigger.pk)
            if row.state == State.TRAINING:
                _end(row, job)


def _end(trigger: RetrainTrigger, job: TrainingJob) -> None:
    if job.state != JobState.DONE:
        trigger_end(trigger, State.FAILED, job.code, f"The training job is {job.state}: {job.reason}")
        return
    evaluation = _evaluation(job)
    if evaluation is None:
        trigger_end(trigger, State.FAILED, "not_measured", "Its result is what it would be measured beside.")
    elif not evaluation.passed:
        trigger_end(trigger, State.REFUSED, "gate_refused", evaluation.refusal, evaluation=evaluation)
    else:
        _ask(trigger, evaluation)


def _evaluation(job: TrainingJob) -> Evaluation | None:
    """The job's, or that of an earlier job which came to the same result: it is not written twice."""
    same = Evaluation.objects.filter(candidate=job.result, champion=job.champion, dataset=job.measured_on)
    return same.select_related("candidate__model", "champion__model", "dataset__dataset").order_by("-pk").first()


def _ask(trigger: RetrainTrigger, evaluation: Evaluation) -> None:
    try:
        with transaction.atomic():  # what was begun of it is undone where it is refused
            access.retrainer(trigger.actor, trigger.deployment.name)
            _require_champion(trigger.deployment, evaluation)
            revision = revision_follow(
                actor=trigger.actor,
                deployment=trigger.deployment,
                version=evaluation.candidate,
                note=_note(trigger, evaluation),
                **trigger.rollout,
            )
    except QuartetError as error:
        trigger_end(trigger, State.REFUSED, error.code, error.message, evaluation=evaluation)
    else:
        reason = f"The gates let {evaluation.candidate} through; revision {revision.number} was asked for."
        trigger_end(trigger, State.REQUESTED, "", reason, evaluation=evaluation, revision=revision)


def _require_champion(deployment: Deployment, evaluation: Evaluation) -> None:
    live = deployment.live_revision
    if live is not None and live.version_id != evaluation.champion_id:
        raise ChampionChanged(
            f"{evaluation.candidate} was measured beside {evaluation.champion}, and {live.version} is live by now."
        )


def _note(trigger: RetrainTrigger, evaluation: Evaluation) -> str:
    told = f"Retrained by trigger {trigger.pk} ({trigger.kind}). {trigger.why}"
    return f"{told} Training job {trigger.job_id}; evaluation {evaluation.pk} on {evaluation.dataset}."[:NOTE_LENGTH]
