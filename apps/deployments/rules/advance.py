"""When a rollout takes its next step, from what is known of replicas, gateways and streams.

starting: replicas of the new revision come up; the old one serves, untouched.
rolling: (that strategy only) both serve, by the shares of their replicas that are ready; rules/rolling.py counts.
canary: (strategies "canary" and "ab") the new one has a share that grows step by step; rules/canary.py decides.
shadow: (that strategy only) the old one answers everything, the new one is asked the same again; rules/shadow.py.
    By its plan the canary's steps follow.
shifting: the new revision is live; gateways learn of it one by one; the old one answers what it still has.
keeping: no request can reach the old revision any more; its replicas stay ready to take the traffic back.
draining: they end.
reverting: a rollout failed while both served; the old revision takes all, the new one answers what it still has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.deployments.rules.canary import Compared, Progress, move
from apps.deployments.rules.scale import Load

STARTING, ROLLING, CANARY, SHADOW, SHIFTING = "starting", "rolling", "canary", "shadow", "shifting"
KEEPING, DRAINING, REVERTING = "keeping", "draining", "reverting"
DONE, FAILED, SUPERSEDED = "done", "failed", "superseded"

#: States in which a rollout stands at a step of its plan.
AT_A_STEP = (CANARY, SHADOW)

#: Failed replicas of a new revision after which its rollout is given up.
FAILURES = 3
#: Times that one replica of a new revision may be lost with its worker before it was ready: a worker may die of
#: anything, but not again and again.
LOSSES = 5
#: Seconds from a gateway's word that it has the new routing to the end of what it sent by the old one.
SETTLE = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What Valkey shows: the published routing, who follows it, and what waits in streams.

    `routes` is deployment name -> numbers of the revisions it leads to; `gateways` is id -> number of the snapshot that
    the gateway follows; `comparisons` is rollout -> how its two revisions compare; `waiting` is stream name -> requests
    waiting or in progress in it and its sisters of other priorities; `loads` says more of the same, but for the ready
    replicas.
    """

    snapshot: int | None = None
    routes: Mapping[str, frozenset[int]] = field(default_factory=dict)
    gateways: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    loads: Mapping[str, Load] = field(default_factory=dict)
    comparisons: Mapping[int, Compared] = field(default_factory=dict)

    def moved(self, deployment: str, revision: int) -> bool:
        """Whether the published routing leads to `revision` alone and every living gateway follows that very one.

        A higher number says nothing of this one: a gateway that follows it may have it from before a restored backup.
        """
        published = self.snapshot is not None and self.routes.get(deployment) == frozenset({revision})
        return published and all(number == self.snapshot for number in self.gateways.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one rollout. Times are seconds.

    `all_ready`: the new revision has all its replicas. `started`: it has one of each stage, which is enough for a
    larger share, so that one which is just growing is not held up. `rolling`: traffic may move bit by bit. `losses`:
    how often the one lost most was. `since_moved` counts from when every gateway had the new routing, None while one
    has not. The `old_` fields are of the revision that traffic leaves, less what it shares with the other;
    `old_waiting` is None where nobody could tell. `newer`: another revision is approved and waits. `progress` is of a
    rollout by degrees.
    """

    state: str
    reason: str = ""
    all_ready: bool = False
    started: bool = False
    rolling: bool = False
    failures: int = 0
    losses: int = 0
    last_failure: str = ""
    corrupt: str = ""
    since_moved: float | None = None
    old_waiting: int | None = None
    old_timeout: float = 0.0
    old_active: int = 0
    keep: float = 0.0
    since_kept: float = 0.0
    newer: bool = False
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The state to go to and why; the present state where there is nothing to do, or where it takes the next step of
    its plan (`to`) or waits for a person (`pause`)."""

    state: str
    reason: str = ""
    to: int | None = None
    pause: bool = False


def advance(facts: Facts) -> Step:
    """The rollout's next step.

    After all traffic has moved nothing fails any more: the live revision keeps trying. The old one does not wait for
    it; ending lets the next revision begin, which is what mends a bad one, unless somebody rolls back before.
    """
    if facts.state in (STARTING, ROLLING, *AT_A_STEP):
        return _coming(facts)
    if facts.state == SHIFTING and _old_is_idle(facts):
        return Step(KEEPING if facts.keep and not facts.newer else DRAINING)
    if facts.state == KEEPING and (facts.newer or facts.since_kept >= facts.keep):
        return Step(DRAINING)
    if facts.state == DRAINING and not facts.old_active:
        return Step(DONE)
    if facts.state == REVERTING and _old_is_idle(facts):
        return Step(FAILED, facts.reason)
    return Step(facts.state)


def _coming(facts: Facts) -> Step:
    if trouble := _trouble(facts):
        return Step(FAILED if facts.state == STARTING else REVERTING, trouble)
    if facts.state in AT_A_STEP and facts.progress:
        return _by_degrees(facts, facts.progress)
    if facts.all_ready:
        return Step(_first(facts.progress) if facts.progress and facts.state == STARTING else SHIFTING)
    if facts.state == ROLLING and facts.newer:
        return Step(REVERTING, "A newer revision was approved before this one had taken all traffic.")
    return Step(ROLLING if facts.rolling and facts.started else facts.state)


def _first(progress: Progress) -> str:
    return SHADOW if progress.shadow else CANARY


def _by_degrees(facts: Facts, progress: Progress) -> Step:
    if facts.newer:
        return Step(REVERTING, "A newer revision was approved before this one had taken all traffic.")
    due = move(progress)
    if due.back:
        return Step(REVERTING, due.reason)
    if due.to is None:
        return Step(facts.state, due.reason, pause=due.pause)
    everything = due.to >= progress.steps
    if not (facts.all_ready if everything else facts.started):  # earned, and taken once there are replicas to answer
        late = progress.since >= progress.patience
        return Step(facts.state, "It passed, but not all its replicas are ready." if late else "", pause=late)
    return Step(SHIFTING) if everything else Step(CANARY, due.reason, due.to)


def _trouble(facts: Facts) -> str:
    if facts.corrupt:
        return facts.corrupt
    if facts.failures >= FAILURES:
        return f"Its replicas failed {facts.failures} times. The last time: {facts.last_failure}"
    if facts.losses >= LOSSES:
        return f"A replica was lost {facts.losses} times, with the worker that started it: see their logs."
    return ""


def _old_is_idle(facts: Facts) -> bool:
    """Nobody sends to the revision, what was on its way has arrived, and nobody waits for its answers any more."""
    if facts.since_moved is None or facts.since_moved < SETTLE:
        return False
    return facts.old_waiting == 0 or facts.since_moved >= facts.old_timeout + SETTLE
