"""The words for states, each with a tone: `ok`, `warn`, `bad`, `info` or plain. Colour only repeats the word."""

from dataclasses import dataclass

from apps.approvals.models import ApprovalRequest
from apps.approvals.selectors import request_overdue
from apps.deployments.models import Node, Replica, Revision, Rollout
from apps.drift.models import DriftRun
from apps.drift.rules import states as drift
from apps.monitoring.models import Alert
from apps.monitoring.rules import standing
from apps.monitoring.rules.findings import Severity
from apps.monitoring.rules.objectives import Promise
from apps.registry.models import ModelVersion
from apps.training.models import RetrainTrigger, TrainingJob


@dataclass(frozen=True, slots=True)
class State:
    """What a chip shows; `detail` is the reason, where one is known."""

    word: str
    tone: str = ""
    detail: str = ""


_REVISION = {
    Revision.State.REQUESTED: State("waits for approval", "info"),
    Revision.State.APPROVED: State("approved", "info"),
    Revision.State.STARTING: State("starting", "warn"),
    Revision.State.LIVE: State("live", "ok"),
    Revision.State.RETIRING: State("draining", "warn"),
    Revision.State.RETIRED: State("retired"),
    Revision.State.REJECTED: State("rejected", "bad"),
    Revision.State.FAILED: State("failed", "bad"),
    Revision.State.SUPERSEDED: State("superseded"),
}
_REPLICA = {
    Replica.State.PENDING: State("placed", "warn"),
    Replica.State.STARTING: State("starting", "warn"),
    Replica.State.WARMING: State("warming up", "warn"),
    Replica.State.READY: State("ready", "ok"),
    Replica.State.DRAINING: State("draining", "warn"),
    Replica.State.STOPPED: State("stopped"),
    Replica.State.FAILED: State("failed", "bad"),
    Replica.State.LOST: State("lost", "bad"),
}
_ROLLOUT = {
    Rollout.State.STARTING: State("starting", "warn"),
    Rollout.State.ROLLING: State("rolling", "warn"),
    Rollout.State.CANARY: State("by degrees", "warn"),
    Rollout.State.SHADOW: State("in the shadow", "warn"),
    Rollout.State.SHIFTING: State("moving traffic", "warn"),
    Rollout.State.KEEPING: State("live, the old one kept", "ok"),
    Rollout.State.DRAINING: State("draining", "warn"),
    Rollout.State.REVERTING: State("going back", "bad"),
    Rollout.State.ROLLED_BACK: State("rolled back", "warn"),
    Rollout.State.DONE: State("done", "ok"),
    Rollout.State.FAILED: State("failed", "bad"),
    Rollout.State.SUPERSEDED: State("superseded"),
}
_DRIFT = {
    drift.State.DRIFTED: State("drifted", "bad"),
    drift.State.UNUSABLE: State("unusable", "warn"),
    drift.State.NOT_ENOUGH_DATA: State("not enough data"),
    drift.State.STEADY: State("steady", "ok"),
    drift.State.CONSTANT: State("constant"),
}
_DRIFT_RUN = {
    DriftRun.State.WAITING: State("waiting", "info"),
    DriftRun.State.RUNNING: State("running", "info"),
    DriftRun.State.FAILED: State("failed", "bad"),
}


_APPROVAL = {
    ApprovalRequest.State.OPEN: State("waits", "info"),
    ApprovalRequest.State.GRANTED: State("granted", "ok"),
    ApprovalRequest.State.REJECTED: State("rejected", "bad"),
    ApprovalRequest.State.VOID: State("void", "warn"),
    ApprovalRequest.State.EXPIRED: State("expired", "warn"),
}


def approval_state(request: ApprovalRequest) -> State:
    state = ApprovalRequest.State.EXPIRED if request_overdue(request) else ApprovalRequest.State(request.state)
    return _with(_APPROVAL[state], request.state_reason)


_JOB = {
    TrainingJob.State.WAITING: State("waiting", "info"),
    TrainingJob.State.LEASED: State("starting", "warn"),
    TrainingJob.State.RUNNING: State("training", "warn"),
    TrainingJob.State.DONE: State("done", "ok"),
    TrainingJob.State.FAILED: State("failed", "bad"),
    TrainingJob.State.CANCELLED: State("cancelled"),
}


def job_state(job: TrainingJob) -> State:
    if job.cancelling and job.state != TrainingJob.State.CANCELLED:
        return State("cancelling", "warn")
    return _with(_JOB[TrainingJob.State(job.state)], job.reason)


_TRIGGER = {
    RetrainTrigger.State.PENDING: State("pending", "info"),
    RetrainTrigger.State.TRAINING: State("training", "warn"),
    RetrainTrigger.State.REQUESTED: State("rollout asked for", "ok"),
    RetrainTrigger.State.REFUSED: State("refused", "bad"),
    RetrainTrigger.State.FAILED: State("failed", "bad"),
    RetrainTrigger.State.DEDUPLICATED: State("joined another"),
    RetrainTrigger.State.COOLING_DOWN: State("cooling down"),
    RetrainTrigger.State.GAVE_UP: State("given up", "warn"),
}


def trigger_state(trigger: RetrainTrigger) -> State:
    """That which led to a revision shows what became of that: it is decided on, and may come back, long after."""
    if trigger.state == RetrainTrigger.State.REQUESTED and trigger.revision:
        known = revision_state(trigger.revision)
        told = f"Revision {trigger.revision.number} is {known.word}{f': {known.detail}' if known.detail else ''}."
        return _with(known, f"{trigger.reason} {told}".replace("..", "."))
    return _with(_TRIGGER[RetrainTrigger.State(trigger.state)], trigger.reason)


def revision_state(revision: Revision) -> State:
    return _with(_REVISION[Revision.State(revision.state)], revision.state_reason)


def replica_state(replica: Replica) -> State:
    return _with(_REPLICA[Replica.State(replica.state)], replica.reason)


def rollout_state(rollout: Rollout) -> State:
    if rollout.paused_at and rollout.state in Rollout.AT_A_STEP_STATES:
        return State("waits for a person", "warn", rollout.pause_reason)
    return _with(_ROLLOUT[Rollout.State(rollout.state)], rollout.reason)


def node_state(node: Node) -> State:
    return State("up", "ok") if node.state == Node.State.UP else State("away", "bad")


def version_state(version: ModelVersion) -> State:
    if version.state == ModelVersion.State.CORRUPT:
        return State("corrupt", "bad", version.state_reason)
    return State("ready", "ok")


def drift_state(verdict: str, reason: str = "") -> State:
    """Of a signal, a group or a whole run."""
    return _with(_DRIFT[drift.State(verdict)], reason)


def drift_run_state(run: DriftRun) -> State:
    """Its verdict once it is done."""
    if run.state == DriftRun.State.DONE:
        return drift_state(run.verdict)
    return _with(_DRIFT_RUN[DriftRun.State(run.state)], run.problem)


_OBJECTIVE = {
    standing.State.HOLDS: State("holds", "ok"),
    standing.State.BURNING: State("burning", "bad"),
    standing.State.SPENT: State("budget spent", "warn"),
    standing.State.UNKNOWN: State("no data", "warn", "No gateway has been heard in the last minutes."),
}


def objective_state(found: standing.Standing, promise: Promise) -> State:
    """Too little to judge is said, and is no kind of well."""
    state = standing.state(found, promise)
    if state == standing.State.TOO_FEW:
        return State(f"not enough {promise.counted}", "", f"It is judged from {promise.least} on.")
    return _OBJECTIVE[state]


def alert_state(alert: Alert) -> State:
    if alert.resolved_at:
        return State("resolved", "ok")
    return State(alert.severity, "bad" if alert.severity == Severity.PAGE else "warn")


def deployment_state(
    live: Revision | None, newest: Revision | None, rollout: Rollout | None, ready: int, wanted: int
) -> State:
    """The one word for a deployment: what is wrong comes before what is under way, and that before what is well.

    `ready` and `wanted` count the replicas of the live revision's scarcest stage.
    """
    if live and not wanted:
        return State("asleep", "info", "Nobody asks; the next request starts a replica.")
    if live and not ready:
        return State("no replica ready", "bad", live.state_reason)
    if rollout and rollout.state != Rollout.State.KEEPING:
        return State(f"rolling out revision {rollout.to_revision.number}", "warn")
    if live and ready < wanted:
        return State(f"{ready} of {wanted} replicas", "warn", live.state_reason)
    if live:
        return State("serving", "ok")
    return revision_state(newest) if newest else State("no revision yet")


def _with(state: State, reason: str) -> State:
    return State(state.word, state.tone, reason)
