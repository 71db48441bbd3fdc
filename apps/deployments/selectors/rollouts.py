"""What is known of rollouts, for rules/advance.py to decide on."""

from collections.abc import Mapping, Set
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from apps.core.clock import now
from apps.deployments.models import Deployment, Replica, Revision, Rollout, Stage
from apps.deployments.rules import shadow
from apps.deployments.rules.advance import Evidence, Facts
from apps.deployments.rules.canary import Progress
from apps.deployments.rules.groups import hops
from apps.deployments.rules.spec import AB, BY_DEGREES, ROLLING, SHADOW, setting
from apps.deployments.selectors.carriers import Carrier, carriers, stream_of
from apps.registry.rules.stages import spelt

_NEVER_AGAIN = (Revision.State.RETIRED, Revision.State.REJECTED, Revision.State.FAILED, Revision.State.SUPERSEDED)


def deployments_with_approved() -> QuerySet[Deployment, int]:
    """Ids of deployments that have approved revisions whose rollout has not begun."""
    approved = Revision.objects.filter(state=Revision.State.APPROVED)
    return Deployment.objects.filter(revisions__in=approved).order_by("pk").values_list("pk", flat=True).distinct()


def rollouts_open() -> QuerySet[Rollout, int]:
    """Ids of rollouts that are on their way."""
    return Rollout.objects.filter(state__in=Rollout.OPEN_STATES).order_by("pk").values_list("pk", flat=True)


def streams_to_watch() -> list[str]:
    """The streams of running revisions, each named by the first of its three: what waits there decides how many
    replicas there should be, and when an old revision may go."""
    return [carrier.stream for carrier in carriers().values()]


def streams_in_use() -> set[str]:
    """The streams that requests may be sent to, or that a running replica reads, each named by the first of three."""
    running = Replica.objects.filter(state__in=Replica.ACTIVE_STATES)
    used = Stage.objects.exclude(revision__state__in=_NEVER_AGAIN)
    carrying = {stage.carrying for stage in used.only("pk", "carrier_id")}
    stages = Stage.objects.filter(Q(pk__in=carrying) | Q(served_by__in=running)).select_related("revision__deployment")
    return {stream_of(stage) for stage in stages}


def rollout_locked(rollout_id: int) -> Rollout:
    """The rollout, with its deployment's row held until the transaction ends."""
    deployment = Deployment.objects.select_for_update(no_key=True).get(rollouts=rollout_id)
    related = ("to_revision__version", "from_revision__version")
    rollout = Rollout.objects.select_related(*related).get(pk=rollout_id)
    rollout.deployment = deployment
    return rollout


def rollout_facts(rollout: Rollout, evidence: Evidence | None) -> Facts:
    """What is known of an open rollout, for rules/advance.py to decide on."""
    replicas = Replica.objects.filter(stage__revision=rollout.to_revision, placed_at__gte=rollout.started_at)
    failed = replicas.filter(state=Replica.State.FAILED).order_by("-ended_at")
    lost = replicas.filter(state=Replica.State.LOST, started_at__isnull=False, ready_at=None).values("stage", "slot")
    running = carriers(rollout.deployment_id)
    own = [c for c in running.values() if c.stage.revision_id == rollout.to_revision_id]
    spec, left = rollout.to_revision.spec, _left(rollout)
    leaving = _leaving(rollout)
    return Facts(
        state=rollout.state,
        reason=rollout.reason,
        all_ready=_all_ready(rollout.to_revision, running),
        started=all(carrier.ready for carrier in own),
        rolling=setting(spec, "strategy") == ROLLING and rollout.from_revision_id is not None,
        failures=failed.count(),
        losses=lost.annotate(times=Count("pk")).aggregate(most=Max("times"))["most"] or 0,
        last_failure=failed.values_list("reason", flat=True).first() or "",
        corrupt=_corrupt(rollout.to_revision),
        since_moved=_since(rollout.moved_at) if rollout.moved_at else None,
        old_waiting=_waiting(left, leaving, evidence) if left else 0,
        old_timeout=_timeout(rollout, left),
        old_active=Replica.objects.filter(stage__in=leaving, state__in=Replica.ACTIVE_STATES).count(),
        keep=setting(spec, "keep_s") if rollout.from_revision_id and not rollout.is_rollback else 0,
        since_kept=_since(rollout.kept_at) if rollout.kept_at else 0.0,
        newer=rollout.deployment.revisions.filter(state=Revision.State.APPROVED).exists(),
        progress=_progress(rollout),
    )


def _progress(rollout: Rollout) -> Progress | None:
    """Where a rollout with a plan stands; None for any other, and where there is no revision to compare with."""
    spec, known = rollout.to_revision.spec, rollout.comparison
    strategy = setting(spec, "strategy")
    if strategy not in (*BY_DEGREES, SHADOW) or rollout.from_revision_id is None or rollout.is_rollback:
        return None
    in_shadow = strategy == SHADOW and rollout.state != Rollout.State.CANARY
    plan = spec["shadow" if in_shadow else "canary"]
    return Progress(
        steps=len(rollout_steps(rollout)),
        at=rollout.step,
        since=_since(rollout.stepped_at) if rollout.stepped_at else 0.0,
        interval=plan["interval_s"],
        patience=plan["patience_s"],
        verdict=known.get("verdict", ""),
        reason=known.get("reason", ""),
        paused=rollout.paused_at is not None,
        automatic=strategy != AB,
        asks=plan.get("then") == shadow.WAIT,
        shadow=in_shadow,
    )


def rollouts_to_compare() -> QuerySet[Rollout]:
    """Those whose two revisions share the traffic by degrees, or are asked the same."""
    rollouts = Rollout.objects.filter(state__in=Rollout.AT_A_STEP_STATES, from_revision__isnull=False)
    return rollouts.select_related("deployment", "from_revision", "to_revision").order_by("pk")


def rollout_settled(rollout: Rollout) -> bool:
    """Whether it has come to its end, good or bad; while the old revision is kept ready all traffic has moved."""
    return rollout.state not in Rollout.OPEN_STATES or rollout.state == Rollout.State.KEEPING


def rollout_weight(rollout: Rollout) -> int:
    """Per cent of the traffic that the new revision answers while it stands at a step; in the shadow none."""
    steps = rollout_steps(rollout)
    return steps[min(rollout.step, len(steps) - 1)]


def rollout_steps(rollout: Rollout) -> list[int]:
    """Per cents of the traffic that the new revision has at each step of its plan: 0 in the shadow, which is a step of
    its own, then those of the canary; none where it has no plan."""
    spec = rollout.to_revision.spec
    shadow = [0] if setting(spec, "strategy") == SHADOW else []
    return shadow + list(spec.get("canary", {}).get("steps", []))


def rollout_next(rollout: Rollout) -> int | None:
    """The step that follows the one it stands at; None where that is all traffic."""
    to = rollout.step + 1
    return to if to < len(rollout_steps(rollout)) else None


def rollout_mirrored(rollout: Rollout) -> int:
    """Per cent of what the live revision answers that the new one is asked as well, while it is in the shadow."""
    return int(rollout.to_revision.spec["shadow"]["share"])


def rollout_words(rollout: Rollout) -> str:
    """What its new revision has or is asked, at a step: `has 5 % of the traffic`."""
    if rollout.state == Rollout.State.SHADOW:
        return f"is asked {rollout_mirrored(rollout)} % of what is answered, in the shadow"
    return f"has {rollout_weight(rollout)} % of the traffic"


def _since(moment: datetime) -> float:
    return (now() - moment).total_seconds()


def _all_ready(revision: Revision, running: Mapping[int, Carrier]) -> bool:
    """Whether each of its stages has its replicas; one that is shared is scaled as it was, and needs its least."""
    for stage in revision.stages.all():
        carrier = running[stage.carrying]
        needed = carrier.desired if stage.carrier_id is None else stage.min_replicas
        if carrier.ready < needed:
            return False
    return True


def _corrupt(revision: Revision) -> str:
    for stage in revision.stages.select_related("version__model"):
        if stage.version.state == "corrupt":
            return f"Version {stage.version} is corrupt: {stage.version.state_reason}"
    return ""


def _left(rollout: Rollout) -> Revision | None:
    """The revision that traffic leaves."""
    return rollout.to_revision if rollout.state == Rollout.State.REVERTING else rollout.from_revision


def _timeout(rollout: Rollout, left: Revision | None) -> float:
    """Seconds for which somebody may wait for an answer of the revision that traffic leaves.

    While both answered, every request had the time that the live revision gives: on the way back that is the other's.
    """
    live = rollout.from_revision if rollout.state == Rollout.State.REVERTING else None
    return max((each.spec["timeout_ms"] / 1000 for each in (left, live) if each), default=0.0)


def _leaving(rollout: Rollout) -> set[int]:
    """Carrying stages that only the revision that traffic leaves uses."""
    new = _carrying(rollout.to_revision)
    old = _carrying(rollout.from_revision) if rollout.from_revision else set()
    return new - old if rollout.state == Rollout.State.REVERTING else old - new


def _carrying(revision: Revision) -> set[int]:
    return {stage.carrying for stage in revision.stages.all()}


def _waiting(revision: Revision, leaving: Set[int], evidence: Evidence | None) -> int | None:
    """Requests in the streams that only this revision uses, or None where nobody could tell.

    Where a shared stage hands on to one that leaves, what waits there may be of either revision: only time tells then.
    """
    stages = list(revision.stages.order_by("position"))
    if evidence is None or _fed_by_shared(revision, stages, leaving):
        return None
    names = [stream_of(stage) for stage in Stage.objects.filter(pk__in=leaving).select_related("revision__deployment")]
    if not evidence.waiting.keys() >= set(names):
        return None
    return sum(evidence.waiting[name] for name in names)


def _fed_by_shared(revision: Revision, stages: list[Stage], leaving: Set[int]) -> bool:
    groups = [{"name": stage.name, "steps": stage.steps} for stage in stages]
    path = hops(groups, spelt(revision.version.manifest["stages"]))
    return any(
        stages[onward].carrying in leaving
        for stage, hop in zip(stages, path, strict=True)
        if stage.carrying not in leaving
        for onward in hop.then
    )
