"""What is known of rollouts, for rules/advance.py to decide on."""

from django.db.models import Count, Max, Q, QuerySet

from apps.core.clock import now
from apps.deployments.models import Deployment, Replica, Revision, Rollout, Stage
from apps.deployments.rules.advance import Evidence, Facts
from apps.deployments.rules.streams import stage_stream


def deployments_with_approved() -> QuerySet[Deployment, int]:
    """Ids of deployments that have approved revisions whose rollout has not begun."""
    approved = Revision.objects.filter(state=Revision.State.APPROVED)
    return Deployment.objects.filter(revisions__in=approved).order_by("pk").values_list("pk", flat=True).distinct()


def rollouts_open() -> QuerySet[Rollout, int]:
    """Ids of rollouts that are on their way."""
    return Rollout.objects.filter(state__in=Rollout.OPEN_STATES).order_by("pk").values_list("pk", flat=True)


def streams_to_watch() -> list[str]:
    """The streams that must run empty before an old revision may go: those of the shifting rollouts' old revisions."""
    shifting = Rollout.objects.filter(state=Rollout.State.SHIFTING).exclude(from_revision=None)
    stages = Stage.objects.filter(revision__in=shifting.values("from_revision")).select_related("revision__deployment")
    return [_stream(stage) for stage in stages]


def streams_in_use() -> set[str]:
    """The streams that requests may be sent to, or that a running replica reads."""
    over = (Revision.State.RETIRED, Revision.State.REJECTED, Revision.State.FAILED, Revision.State.SUPERSEDED)
    running = Replica.objects.filter(state__in=Replica.ACTIVE_STATES)
    stages = Stage.objects.filter(~Q(revision__state__in=over) | Q(served_by__in=running))
    return {_stream(stage) for stage in stages.select_related("revision__deployment")}


def _stream(stage: Stage) -> str:
    return stage_stream(stage.revision.deployment.name, stage.revision.number, stage.name)


def rollout_locked(rollout_id: int) -> Rollout:
    """The rollout, with its deployment's row held until the transaction ends."""
    deployment = Deployment.objects.select_for_update(no_key=True).get(rollouts=rollout_id)
    rollout = Rollout.objects.select_related("to_revision__version", "from_revision").get(pk=rollout_id)
    rollout.deployment = deployment
    return rollout


def rollout_facts(rollout: Rollout, evidence: Evidence | None) -> Facts:
    """What is known of an open rollout, for rules/advance.py to decide on."""
    replicas = Replica.objects.filter(stage__revision=rollout.to_revision)
    failed = replicas.filter(state=Replica.State.FAILED).order_by("-ended_at")
    lost = replicas.filter(state=Replica.State.LOST, started_at__isnull=False, ready_at=None).values("stage", "slot")
    version, old = rollout.to_revision.version, rollout.from_revision
    return Facts(
        state=rollout.state,
        all_ready=_all_ready(rollout.to_revision),
        failures=failed.count(),
        losses=lost.annotate(times=Count("pk")).aggregate(most=Max("times"))["most"] or 0,
        last_failure=failed.values_list("reason", flat=True).first() or "",
        corrupt=f"Version {version} is corrupt: {version.state_reason}" if version.state == "corrupt" else "",
        since_moved=(now() - rollout.moved_at).total_seconds() if rollout.moved_at else None,
        old_waiting=_waiting(old, evidence) if old else 0,
        old_timeout=old.spec["timeout_ms"] / 1000 if old else 0.0,
        old_active=Replica.objects.filter(stage__revision=old, state__in=Replica.ACTIVE_STATES).count() if old else 0,
    )


def _all_ready(revision: Revision) -> bool:
    is_ready = Q(served_by__state=Replica.State.READY)
    stages = revision.stages.annotate(ready=Count("served_by", filter=is_ready))
    return all(stage.ready >= stage.replicas for stage in stages)


def _waiting(revision: Revision, evidence: Evidence | None) -> int | None:
    """Requests in the revision's streams, or None where nobody could count them."""
    names = [_stream(stage) for stage in revision.stages.select_related("revision__deployment")]
    if evidence is None or not evidence.waiting.keys() >= set(names):
        return None
    return sum(evidence.waiting[name] for name in names)
