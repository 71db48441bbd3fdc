"""The stages that carry running revisions, and how many replicas each should have now.

A stage whose replicas an earlier revision's stage has already is carried by that one: both revisions then mean the same
processes and the same streams. How many there should be is the word of the newest revision that uses them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from django.db.models import Count, Q

from apps.deployments.models import Replica, Revision, Rollout, Stage, StageScale
from apps.deployments.rules import rolling
from apps.deployments.rules.spec import ROLLING, setting
from apps.deployments.rules.streams import stage_stream

_RELATED = ("revision__deployment", "revision__version__model", "version__model")


@dataclass(frozen=True, slots=True)
class Carrier:
    """One stage with replicas of its own: who uses it (oldest first), how many replicas it should have in the end
    (`desired`) and at this moment of a rollout (`slots`), and how many are ready. `held`: not to be scaled now."""

    stage: Stage
    users: Sequence[Stage]
    desired: int
    slots: int
    ready: int
    held: bool
    standing: StageScale | None = None

    @property
    def bounds(self) -> Stage:
        """The stage whose bounds count."""
        return self.users[-1]

    @property
    def stream(self) -> str:
        return stream_of(self.stage)


def stream_of(stage: Stage) -> str:
    """The stream of a carrying stage."""
    return stage_stream(stage.revision.deployment.name, stage.revision.number, stage.name)


def carriers(deployment_id: int | None = None) -> dict[int, Carrier]:
    """Every carrying stage of running revisions by id: of one deployment or of all."""
    rollouts = _rollouts(deployment_id)
    users = _users(rollouts, deployment_id)
    if not users:
        return {}
    stages = Stage.objects.select_related(*_RELATED).in_bulk(list(users))
    ready, standings = _ready(stages), StageScale.objects.in_bulk(list(users))
    found = {pk: _carrier(stages[pk], users[pk], ready.get(pk, 0), standings.get(pk)) for pk in sorted(users)}
    for rollout in rollouts:
        found |= _rolled(rollout, found) | _canaried(rollout, found)
    return found


def _rollouts(deployment_id: int | None) -> list[Rollout]:
    rollouts = Rollout.objects.filter(state__in=Rollout.OPEN_STATES).select_related("to_revision")
    return list(rollouts.filter(deployment=deployment_id) if deployment_id else rollouts)


def _users(rollouts: Iterable[Rollout], deployment_id: int | None) -> dict[int, list[Stage]]:
    """Carrying stage id -> the running stages that it serves, by their revisions' age."""
    kept = [r.from_revision_id for r in rollouts if r.state in Rollout.KEPT_STATES]
    running = Q(revision__state__in=[Revision.State.STARTING, Revision.State.LIVE]) | Q(revision__in=kept)
    stages = Stage.objects.filter(running).select_related("revision").order_by("revision__number", "position")
    users: defaultdict[int, list[Stage]] = defaultdict(list)
    for stage in stages.filter(revision__deployment=deployment_id) if deployment_id else stages:
        users[stage.carrying].append(stage)
    return users


def _ready(stages: Iterable[int]) -> dict[int, int]:
    ready = Replica.objects.filter(stage__in=list(stages), state=Replica.State.READY).values("stage").order_by()
    return dict(ready.annotate(times=Count("pk")).values_list("stage", "times"))


def _carrier(stage: Stage, users: Sequence[Stage], ready: int, standing: StageScale | None) -> Carrier:
    bounds = users[-1]
    wanted = standing.desired if standing else max(1, bounds.min_replicas)
    desired = min(max(wanted, bounds.min_replicas), bounds.max_replicas)
    starting = stage.revision.state == Revision.State.STARTING
    if starting:
        desired = max(1, desired)  # one at the least proves that it loads
    live = any(user.revision.state == Revision.State.LIVE for user in users)
    return Carrier(stage, users, desired, desired, ready, held=not live, standing=standing)


def _rolled(rollout: Rollout, found: dict[int, Carrier]) -> dict[int, Carrier]:
    """What the strategy "rolling" makes of the counts of both revisions' own stages."""
    spec = rollout.to_revision.spec
    if setting(spec, "strategy") != ROLLING or rollout.from_revision_id is None or rollout.is_rollback:
        return {}
    new = {pk: c for pk, c in found.items() if c.stage.revision_id == rollout.to_revision_id}
    old = {pk: c for pk, c in found.items() if {u.revision_id for u in c.users} == {rollout.from_revision_id}}
    reached = rolling.share((c.ready, c.desired) for c in new.values())
    changed = {pk: replace(c, slots=_new_slots(rollout, c, reached, setting(spec, "surge"))) for pk, c in new.items()}
    changed |= {pk: replace(c, slots=_old_slots(rollout, c, reached)) for pk, c in old.items()}
    busy = rollout.state in (Rollout.State.ROLLING, Rollout.State.REVERTING)
    return {pk: replace(c, held=c.held or busy) for pk, c in changed.items()}


def _canaried(rollout: Rollout, found: dict[int, Carrier]) -> dict[int, Carrier]:
    """A revision that answers a share of the traffic follows its load as the live one does."""
    if rollout.state != Rollout.State.CANARY:
        return {}
    own = {pk: c for pk, c in found.items() if c.stage.revision_id == rollout.to_revision_id}
    return {pk: replace(c, held=False) for pk, c in own.items()}


def _new_slots(rollout: Rollout, carrier: Carrier, reached: Fraction, surge: int) -> int:
    if rollout.state in (Rollout.State.STARTING, Rollout.State.ROLLING):
        return rolling.new_slots(carrier.desired, reached, surge)
    return min(1, carrier.slots) if rollout.state == Rollout.State.REVERTING else carrier.slots


def _old_slots(rollout: Rollout, carrier: Carrier, reached: Fraction) -> int:
    if rollout.state == Rollout.State.ROLLING:
        return rolling.old_slots(carrier.desired, reached)
    return min(1, carrier.slots) if rollout.state in Rollout.KEPT_STATES else carrier.slots
