"""One deployment's page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from apps.approvals.models import ApprovalRequest
from apps.console.figures import present_texts
from apps.console.selectors.accuracy import WORDS, accuracy_panel
from apps.console.selectors.alerts import deployment_alerts
from apps.console.selectors.degrees import degrees
from apps.console.selectors.drift import drift_panel
from apps.console.selectors.fleet import deployment_rows, modalities
from apps.console.selectors.marks import marks
from apps.console.selectors.objectives import objective_rows
from apps.console.selectors.retraining import retrain_panel
from apps.console.states import replica_state, revision_state, rollout_state
from apps.core.clock import now
from apps.deployments.models import Deployment, Replica, Revision, Rollout
from apps.deployments.rules.groups import hops
from apps.deployments.rules.spec import setting
from apps.deployments.selectors import StageStanding, kept_rollout, mutings_open, revision_plan, standings
from apps.monitoring.rules.series import RANGES, USUAL_RANGE
from apps.monitoring.selectors import deployment_series, present_numbers
from apps.registry.rules.stages import spelt

#: Revisions and ended replicas that the page lists.
_REVISIONS = 12
_ENDED = 6
#: A rollout that went well is shown for so long.
_OLD_NEWS = timedelta(hours=1)
#: Revisions whose whole plan the page has: what waits for its answer, and what is under way.
_WITH_PLAN = (Revision.State.REQUESTED, *Revision.UNDER_WAY_STATES)
_MOVING = (Rollout.State.ROLLING, Rollout.State.CANARY, Rollout.State.SHIFTING)
#: A step of a rollout as the page tells it: what it waits for while it is the present one.
_STEPS = (
    ((Rollout.State.STARTING,), "Start replicas", "until every stage has its replicas ready"),
    (_MOVING, "Move traffic", "until every gateway routes to it"),
    ((Rollout.State.KEEPING,), "Keep the old", "so that it can take the traffic back"),
    ((Rollout.State.DRAINING,), "Drain the old", "until its last requests are answered"),
    ((Rollout.State.DONE,), "Done", ""),
)
_SHADOW_STEP = ((Rollout.State.SHADOW,), "Ask in the shadow", "until it passes, or a person decides")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the rollout: `done`, `now` or neither."""

    label: str
    waits_for: str
    progress: str


@dataclass(frozen=True, slots=True)
class StageBox:
    """One stage of the live pipeline with the steps it runs, and the stages that hand on to it, in words."""

    standing: StageStanding
    steps: list[dict[str, Any]]
    takes_from: str


def deployment_context(deployment: Deployment, over: str = "", accuracy_over: str = "") -> dict[str, Any]:
    """Everything the page shows, over a range by name; its accuracy over the week, where that is asked for."""
    over = over if over in RANGES else USUAL_RANGE
    kept = kept_rollout(deployment)
    row = next(row for row in deployment_rows() if row.name == deployment.name)
    rollout = _last_rollout(deployment)
    shown = deployment.live_revision or _newest(deployment)
    charts = _charts(deployment, over)
    return {
        "deployment": deployment,
        "row": row,
        "figures": present_texts(deployment.name, present_numbers([deployment.name])[deployment.name]),
        "modalities": modalities(shown),
        "rollout": rollout,
        "rollout_state": rollout_state(rollout) if rollout else None,
        "steps": rollout_steps(rollout) if rollout else [],
        "degrees": degrees(rollout) if rollout else None,
        "replicas": [(replica, replica_state(replica)) for replica in _replicas(deployment)],
        "revisions": _revision_rows(deployment),
        "pipeline": _pipeline(shown) if shown else [],
        "shown": shown,
        "muted": list(mutings_open([deployment])),
        "kept": kept,
        "keep_s": setting(kept.to_revision.spec, "keep_s") if kept else 0,
        "range": over,
        "ranges": list(RANGES),
        "charts": charts,
        "marks": [{**mark, "at": datetime.fromtimestamp(mark["at"], UTC)} for mark in charts["marks"]],
        "drift": drift_panel(deployment, deployment.live_revision) if deployment.live_revision else None,
        "retraining": retrain_panel(deployment) if deployment.live_revision else None,
        "alerts": deployment_alerts(deployment.name),
        "objectives": objective_rows(deployment.name),
        "accuracy": accuracy_panel(deployment, shown, over, accuracy_over) if shown else None,
    }


def rollout_steps(rollout: Rollout) -> list[Step]:
    """The steps with the present one marked; a rollout that ended otherwise stops where it was."""
    listed = (_STEPS[0], _SHADOW_STEP, *_STEPS[1:]) if "shadow" in rollout.to_revision.spec else _STEPS
    places = {state: index for index, (states, _, _) in enumerate(listed) for state in states}
    reached = places.get(Rollout.State(rollout.state), places[_stopped_at(rollout)])
    finished = rollout.state == Rollout.State.DONE
    return [
        Step(label, waits, "done" if index < reached or finished else "now" if index == reached else "")
        for index, (_, label, waits) in enumerate(listed)
    ]


def _stopped_at(rollout: Rollout) -> Rollout.State:
    if rollout.draining_at:
        return Rollout.State.DRAINING
    if rollout.kept_at:
        return Rollout.State.KEEPING
    return Rollout.State.SHIFTING if rollout.shifted_at else Rollout.State.STARTING


def _last_rollout(deployment: Deployment) -> Rollout | None:
    rollouts = Rollout.objects.select_related(
        "from_revision__version__model",
        "to_revision__version__model",
        "to_revision__requested_by",
        "to_revision__approved_by",
    )
    last = rollouts.filter(deployment=deployment).first()
    over = last and last.state == Rollout.State.DONE and last.ended_at and last.ended_at < now() - _OLD_NEWS
    return None if over else last


def _newest(deployment: Deployment) -> Revision | None:
    return _revisions(deployment).first()


def _revisions(deployment: Deployment) -> QuerySet[Revision]:
    related = ("version__model", "requested_by", "approved_by")
    return Revision.objects.filter(deployment=deployment).select_related(*related).order_by("-number")


def _revision_rows(deployment: Deployment) -> list[dict[str, Any]]:
    revisions = list(_revisions(deployment)[:_REVISIONS])
    asked = ApprovalRequest.objects.filter(kind="rollout", subject_id__in=[each.pk for each in revisions])
    requests = {each.subject_id: each for each in asked}
    return [
        {"revision": each, "state": revision_state(each), "request": requests.get(each.pk), **_plan(each)}
        for each in revisions
    ]


def _plan(revision: Revision) -> dict[str, Any]:
    """What it says of how it comes in and serves, while that matters still."""
    if revision.state not in _WITH_PLAN:
        return {"plan": [], "unusual": []}
    lines = revision_plan(revision)
    return {"plan": lines, "unusual": [line for line in lines if line.differs]}


def _replicas(deployment: Deployment) -> list[Replica]:
    """Those that hold a process, then the last that ended."""
    of_deployment = Replica.objects.filter(stage__revision__deployment=deployment).select_related(
        "stage__revision", "node"
    )
    active = of_deployment.filter(state__in=Replica.ACTIVE_STATES).order_by(
        "-stage__revision__number", "stage__position", "slot"
    )
    ended = of_deployment.exclude(state__in=Replica.ACTIVE_STATES).order_by("-ended_at")
    return [*active, *ended[:_ENDED]]


def _pipeline(revision: Revision) -> list[StageBox]:
    stood = standings([revision]).get(revision.pk, [])
    path = hops(
        [{"name": each.stage.name, "steps": each.stage.steps} for each in stood],
        spelt(revision.version.manifest["stages"]),
    )
    boxes = []
    for index, each in enumerate(stood):
        steps = {step["name"]: step for step in spelt(each.stage.version.manifest["stages"])}
        givers = [hop.group for hop in path if index in hop.then]
        before = [] if index == 0 else [stood[index - 1].stage.name]
        boxes.append(StageBox(each, [steps[name] for name in each.stage.steps], _giver_text(givers, before)))
    return boxes


def _giver_text(givers: list[str], before: list[str]) -> str:
    """Nothing where the arrow from the box before says it all."""
    if givers == before:
        return ""
    return f"takes from {' and '.join(givers)}" if givers else "takes the request"


def _charts(deployment: Deployment, over: str) -> dict[str, Any]:
    """The series of a range and the moments worth a mark, for static/js/charts.js."""
    series = deployment_series(deployment.name, over=over)
    found = marks(deployment, series.at[0], series.at[-1] + series.step)
    return series.as_dict() | {"over": WORDS[over], "marks": [mark._asdict() for mark in found]}
