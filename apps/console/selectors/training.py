"""Training jobs: the list, the page of one, and what live pages are told of those on their way."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from apps.console.drawing import Curve, curve
from apps.console.states import State, job_state
from apps.console.topics import FLEET, job_topic
from apps.core.clock import now
from apps.training.models import Evaluation, TrainingJob
from apps.training.rules.machine import ENDED, HELD
from apps.training.rules.machine import State as JobState
from apps.training.selectors import job_points, jobs_list

#: Jobs that the list shows.
_LISTED = 50
#: An ended job's page hears of it for so long.
_ECHO = timedelta(minutes=2)


def training_context() -> dict[str, Any]:
    """The list: the newest jobs, and how many there are."""
    return {"rows": _job_rows(), "kept": jobs_list().count()}


def _job_rows() -> list[dict[str, Any]]:
    """Each with its state, its share of steps and what the gates said."""
    jobs = list(jobs_list()[:_LISTED])
    return [
        {"job": job, "state": job_state(job), "per_cent": per_cent(job), "gates": gates(job.evaluation)} for job in jobs
    ]


def job_context(job: TrainingJob) -> dict[str, Any]:
    """The page of one job."""
    return {
        "job": job,
        "state": job_state(job),
        "ended": job.state in ENDED,
        "per_cent": per_cent(job),
        "steps": _steps(job),
        "parameters": {name: value for name, value in job.parameters.items() if value is not None},
        "curve": _curve(job),
        "evaluation": job.evaluation,
        "gates": gates(job.evaluation),
        # An ended job has no news of its own: its page follows the fleet, like every other.
        "topic": FLEET if job.state in ENDED else job_topic(job.pk),
    }


def job_facts() -> dict[UUID, list[Any]]:
    """Of every job on its way, or just ended, what its page shows and that changes."""
    lately = now() - _ECHO
    found = TrainingJob.objects.filter(state__in=[JobState.WAITING, *HELD]) | TrainingJob.objects.filter(
        ended_at__gte=lately
    )
    rows = found.values_list("pk", "state", "reason", "cancelling", "phase", "step", "kept_step", "log_tail")
    return {pk: facts for pk, *facts in rows}


def per_cent(job: TrainingJob) -> int:
    """Of its steps, those taken."""
    return 100 if job.state == JobState.DONE else min(100, 100 * job.step // _steps(job))


def _curve(job: TrainingJob) -> Curve | None:
    return curve(job_points(job), _steps(job)) if job.learns else None


def _steps(job: TrainingJob) -> int:
    """An evaluation alone is one."""
    return int(job.parameters.get("steps", 1))


def gates(evaluation: Evaluation | None) -> State | None:
    """What the gates said."""
    if evaluation is None:
        return None
    return State("gates passed", "ok") if evaluation.passed else State("refused by a gate", "bad")
