"""When a rollout takes its next step, from what is known of replicas, gateways and streams.

starting: replicas of the new revision come up; the old one serves, untouched.
shifting: the new revision is live; gateways learn of it one by one; the old one answers what it still has.
draining: no request can reach the old revision any more; its replicas end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

STARTING, SHIFTING, DRAINING = "starting", "shifting", "draining"
DONE, FAILED, SUPERSEDED = "done", "failed", "superseded"

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
    the gateway follows; `waiting` is stream name -> requests waiting or in progress.
    """

    snapshot: int | None = None
    routes: Mapping[str, frozenset[int]] = field(default_factory=dict)
    gateways: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)

    def moved(self, deployment: str, revision: int) -> bool:
        """Whether the published routing leads to `revision` alone and every living gateway follows that very one.

        A higher number says nothing of this one: a gateway that follows it may have it from before a restored backup.
        """
        published = self.snapshot is not None and self.routes.get(deployment) == frozenset({revision})
        return published and all(number == self.snapshot for number in self.gateways.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one rollout. Times are seconds.

    `all_ready`: the new revision has all its replicas. `losses`: how often the one lost most was. `since_moved` counts
    from when every gateway had the new routing, None while one has not. `old_waiting` is None where nobody could look.
    """

    state: str
    all_ready: bool = False
    failures: int = 0
    losses: int = 0
    last_failure: str = ""
    corrupt: str = ""
    since_moved: float | None = None
    old_waiting: int | None = None
    old_timeout: float = 0.0
    old_active: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """The state to go to and why; the present state where there is nothing to do."""

    state: str
    reason: str = ""


def advance(facts: Facts) -> Step:
    """The rollout's next step.

    After traffic has moved nothing fails any more: the live revision keeps trying. The old one does not wait for it,
    as no request would come back to it; ending lets the next revision begin, which is what mends a bad one.
    """
    if facts.state == STARTING:
        return _starting(facts)
    if facts.state == SHIFTING and _old_is_idle(facts):
        return Step(DRAINING)
    if facts.state == DRAINING and not facts.old_active:
        return Step(DONE)
    return Step(facts.state)


def _starting(facts: Facts) -> Step:
    if facts.corrupt:
        return Step(FAILED, facts.corrupt)
    if facts.failures >= FAILURES:
        return Step(FAILED, f"Its replicas failed {facts.failures} times. The last time: {facts.last_failure}")
    if facts.losses >= LOSSES:
        return Step(
            FAILED, f"A replica was lost {facts.losses} times, with the worker that started it: see their logs."
        )
    return Step(SHIFTING) if facts.all_ready else Step(STARTING)


def _old_is_idle(facts: Facts) -> bool:
    """Nobody sends to the old revision, what was on its way has arrived, and nobody waits for its answers any more."""
    if facts.since_moved is None or facts.since_moved < SETTLE:
        return False
    return facts.old_waiting == 0 or facts.since_moved >= facts.old_timeout + SETTLE
