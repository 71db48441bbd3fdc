"""Doing runs: claim (a lease) -> read and judge, holding nothing -> write it all in one transaction, or nothing.

A worker that is killed leaves a lease that ends; another then claims the run anew. Who no longer holds the lease writes
nothing, so a run that is judged twice is written once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from apps.core import outbox
from apps.core.clock import now
from apps.core.errors import QuartetError
from apps.core.ids import new_id
from apps.drift.events import DriftFound, DriftHealed, RunFinished
from apps.drift.models import DriftGroup, DriftResult, DriftRun
from apps.drift.rules.states import State
from apps.drift.selectors import drifted_groups, is_first_run, runs_claimable

if TYPE_CHECKING:
    from apps.drift.services.judging import Outcome

log = structlog.get_logger(__name__)

#: Several times what the largest window takes.
LEASE = timedelta(minutes=5)
#: Workers that may die over one run.
ATTEMPTS = 3


def runs_perform() -> int:
    """Do what waits, one after the other; returns how many runs ended."""
    done = 0
    while (run := run_claim()) is not None:
        done += run_perform(run)
    return done


def run_claim() -> DriftRun | None:
    """The next run that waits or was left by its worker, held by a new lease; None where there is none."""
    for pk in runs_claimable().values_list("pk", flat=True)[:20]:
        lease = new_id()
        claimed = (
            runs_claimable()
            .filter(pk=pk)
            .update(
                state=DriftRun.State.RUNNING,
                lease=lease,
                leased_until=Now() + LEASE,
                started_at=now(),
                attempts=F("attempts") + 1,
            )
        )
        if claimed:
            return DriftRun.objects.select_related("deployment", "profile").filter(lease=lease).first()
    return None


def run_perform(run: DriftRun) -> bool:
    """Judge a run that this worker holds, and write what came of it; whether it was still held then.

    Where the database is away the lease is left to end: the run is done later.
    """
    from apps.drift.services.judging import outcome_of

    if run.attempts > ATTEMPTS:
        return run_fail(
            run=run, problem=f"{ATTEMPTS} analysis workers ended over this run, or took longer than {LEASE}."
        )
    revision = run.deployment.revisions.filter(number=run.revision).select_related("deployment").first()
    if revision is None:
        return run_fail(run=run, problem=f"Revision {run.revision} of '{run.deployment.name}' is no longer there.")
    try:
        outcome = outcome_of(run, revision)
    except QuartetError as error:
        return run_fail(run=run, problem=f"{error.message} {error.remedy}")
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("a drift run failed", run=run.pk)
        return run_fail(run=run, problem=f"It failed unexpectedly, which the log tells more of: {_named(error)}")
    return run_finish(run=run, outcome=outcome)


def run_finish(*, run: DriftRun, outcome: "Outcome") -> bool:
    """Write the verdict with its groups, results and events; False where the lease went to another, or the run is
    gone."""
    with transaction.atomic():
        ended = _held(run).update(
            state=DriftRun.State.DONE,
            verdict=outcome.verdict,
            after=outcome.after,
            predictions=outcome.predictions,
            looked_at=outcome.looked_at,
            kept=outcome.kept,
            **_ending(),
        )
        if ended:
            DriftGroup.objects.bulk_create(outcome.groups)
            DriftResult.objects.bulk_create(outcome.results)
            _tell(run, outcome)
    return bool(ended)


def run_fail(*, run: DriftRun, problem: str) -> bool:
    """End it without a verdict, for this reason; False where the lease went to another, or the run is gone."""
    with transaction.atomic():
        ended = _held(run).update(state=DriftRun.State.FAILED, problem=problem[:2000], **_ending())
        if ended:
            outbox.emit(RunFinished(run.pk, run.deployment.name, run.revision, "", {}))
    return bool(ended)


def _held(run: DriftRun) -> QuerySet[DriftRun]:
    """The run, if this worker still holds it."""
    return DriftRun.objects.filter(pk=run.pk, state=DriftRun.State.RUNNING, lease=run.lease)


def _ending() -> dict[str, object]:
    return {"finished_at": now(), "lease": None, "leased_until": None}


def _tell(run: DriftRun, outcome: "Outcome") -> None:
    """That it ended; and which groups are newly drifted, or no longer, by what was last known of each.

    A group that is steady has healed also where an earlier revision was the one that drifted; and what the revision
    does not have at all is over with its first run.
    """
    states = {group.name: group.state for group in outcome.groups}
    outbox.emit(RunFinished(run.pk, run.deployment.name, run.revision, outcome.verdict, states))
    before = drifted_groups(run.deployment, run.revision, before=run)
    drifted = {name for name, state in states.items() if state == State.DRIFTED}
    tested = {name for name, state in states.items() if state in (State.STEADY, State.CONSTANT)}
    about = (run.pk, run.deployment.name, run.revision)
    if found := sorted(drifted - before):
        reasons = {group.name: group.reason for group in outcome.groups if group.name in found}
        outbox.emit(DriftFound(*about, found, _summary(run, reasons), reasons))
    known = before | drifted_groups(run.deployment, None, before=run)
    revision = f"{run.deployment.name} revision {run.revision}"
    if healed := sorted(known & tested):
        outbox.emit(DriftHealed(*about, healed, f"{', '.join(healed)} of {revision} looks as it should again."))
    gone = sorted(known - states.keys())
    if gone and is_first_run(run):
        outbox.emit(DriftHealed(*about, gone, f"{revision} has no {', '.join(gone)}, which had drifted before it."))


def _summary(run: DriftRun, reasons: Mapping[str, str]) -> str:
    told = "; ".join(f"{name} ({why})" for name, why in sorted(reasons.items()))
    return f"{run.deployment.name} revision {run.revision} drifted: {told}"


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
