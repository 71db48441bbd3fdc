"""A job's row and its standing (rules/machine.py): read from one another, and written by compare-and-set."""

from dataclasses import asdict
from typing import Any

from django.db.models.functions import Now

from apps.core import outbox
from apps.training.events import JobEnded
from apps.training.models import TrainingJob
from apps.training.rules.machine import ENDED, HELD, Standing, State


def of(row: TrainingJob) -> Standing:
    """Where the job stands."""
    return Standing(
        state=State(row.state),
        attempts=row.attempts,
        fruitless=row.fruitless,
        kept_step=row.kept_step,
        claim_step=row.claim_step,
        cancelling=row.cancelling,
    )


def write(row: TrainingJob, after: Standing, **more: Any) -> bool:
    """Write where it stands now, unless somebody was faster; whether it was written. Part of a transaction.

    A job that nobody holds any more has no lease, and one that has ended is told of.
    """
    fields: dict[str, Any] = asdict(after) | more
    if after.state not in HELD:
        fields |= {"lease": None, "lease_until": None, "phase": "", "offered_to": "", "offered_at": None}
    if after.state in ENDED:
        fields["ended_at"] = Now()
    if after.state == State.CANCELLED and row.cancelling:  # who cancelled it is why it ended, however it then ended
        fields |= {"code": row.code, "reason": row.reason}
    same = TrainingJob.objects.filter(pk=row.pk, state=row.state, lease=row.lease, attempts=row.attempts)
    if not same.update(**fields):
        return False
    if after.state in ENDED:
        version = more.get("result")
        outbox.emit(
            JobEnded(
                job_id=str(row.pk),
                state=after.state,
                code=fields.get("code", row.code),
                version_id=version.pk if version else None,
            )
        )
    return True
