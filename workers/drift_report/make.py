"""Makes one report, from the run's profile and what is still there of its window."""

from dataclasses import asdict
from uuid import UUID

import structlog

from apps.core.errors import NotFound, QuartetError
from apps.drift.models import DriftReport, DriftRun
from apps.drift.rules.kinds import Sample
from apps.drift.rules.profile import ReferenceProfile
from apps.drift.selectors.window import Wanted, window_read
from apps.drift.services import report_begin, report_fail, report_finish

log = structlog.get_logger(__name__)

_NOTHING = (
    "Nothing is left to show: what the run looked at was deleted since, or no signal has ten values on both sides."
)


def report_make(run_id: int, ticket: UUID) -> None:
    """Make it, if it still is waited for; what stands against it is told where it is awaited."""
    report = report_begin(run_id=run_id, ticket=ticket)
    if report is None:
        return
    try:
        _make(report)
    except QuartetError as error:
        report_fail(report=report, problem=error.message)
    except Exception as error:
        log.exception("a drift report could not be made", run=run_id)
        report_fail(report=report, problem=f"Evidently could not make it: {type(error).__name__}: {error}")


def _make(report: DriftReport) -> None:
    from workers.drift_report.frames import frames  # here: 320 MB that a process without reports does not need

    profile = ReferenceProfile.from_json(report.run.profile.content)
    shown = frames(profile, _samples(report.run, profile))
    if not shown.kinds and not shown.embeddings:
        report_fail(report=report, problem=_NOTHING)
        return
    from workers.drift_report.render import render

    rendered = render(shown)
    opinions = {name: asdict(opinion) for name, opinion in rendered.opinions.items()}
    report_finish(report=report, html=rendered.html, opinions=opinions, left_out=shown.left_out)


def _samples(run: DriftRun, profile: ReferenceProfile) -> list[Sample]:
    """Those that the run looked at, less what was deleted since."""
    revision = run.deployment.revisions.select_related("deployment").filter(number=run.revision).first()
    if revision is None:
        raise NotFound(f"Revision {run.revision} of '{run.deployment.name}' is no longer there.")
    wanted = Wanted(revision, run.before, run.window, run.window_hours, run.after)
    return [*window_read(wanted, profile.modalities).window.samples]
