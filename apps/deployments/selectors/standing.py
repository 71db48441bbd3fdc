"""How the stages of revisions stand, for people and gateways to read."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.deployments.models import Deployment, Replica, Revision, Rollout, Stage, StageScale


@dataclass(frozen=True, slots=True)
class StageStanding:
    """One stage of a revision: its ready replicas and how many there should be, why there are so many, and the revision
    whose replicas serve it, where that is another."""

    stage: Stage
    ready: int
    desired: int
    reason: str
    carried_by: Revision | None

    @property
    def scales(self) -> bool:
        """Whether its count may change."""
        return self.stage.min_replicas < self.stage.max_replicas


def standings(revisions: Iterable[Revision]) -> dict[int, list[StageStanding]]:
    """Revision id -> its stages in order."""
    stages = Stage.objects.filter(revision__in=[revision.pk for revision in revisions])
    listed = list(stages.select_related("version", "carrier__revision").order_by("revision_id", "position"))
    carrying = {stage.carrying for stage in listed}
    scales = StageScale.objects.in_bulk(list(carrying))
    ready: dict[int, int] = {}
    for pk in Replica.objects.filter(stage__in=carrying, state=Replica.State.READY).values_list("stage", flat=True):
        ready[pk] = ready.get(pk, 0) + 1
    by_revision: dict[int, list[StageStanding]] = {}
    for stage in listed:
        standing = _standing(stage, ready.get(stage.carrying, 0), scales.get(stage.carrying))
        by_revision.setdefault(stage.revision_id, []).append(standing)
    return by_revision


def _standing(stage: Stage, ready: int, scale: StageScale | None) -> StageStanding:
    wanted = scale.desired if scale else stage.min_replicas
    desired = min(max(wanted, stage.min_replicas), stage.max_replicas)
    carried_by = stage.carrier.revision if stage.carrier else None
    return StageStanding(stage, ready, desired, scale.reason if scale else "", carried_by)


def kept_rollout(deployment: Deployment) -> Rollout | None:
    """The rollout whose old revision can take the traffic back at once, if there is one."""
    kept = deployment.rollouts.filter(state__in=Rollout.KEPT_STATES, is_rollback=False, from_revision__isnull=False)
    return kept.select_related("from_revision", "to_revision").first()


def coming_rollout(deployment: Deployment) -> Rollout | None:
    """The rollout that has not taken all traffic yet, if there is one: it can be aborted, and at a step moved."""
    coming = deployment.rollouts.filter(state__in=Rollout.COMING_STATES)
    return coming.select_related("from_revision", "to_revision").first()
