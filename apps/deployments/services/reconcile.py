"""One pass of the reconciler: take the rollouts' steps, then close the gap between what should run and what does.

Any number of passes may run at once: a rollout's step holds its deployment's row, and placing is one pass's at a time.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Case, F, When
from django.db.models.functions import Now

from apps.core import audit, outbox
from apps.deployments import selectors
from apps.deployments.events import ReplicaPlaced
from apps.deployments.models import ReconcilerWatch, Replica, Revision
from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.plan import Place, Plan, plan
from apps.deployments.services.nodes import nodes_silent, nodes_silent_tell
from apps.deployments.services.replicas import replicas_lost, replicas_lost_tell
from apps.deployments.services.rollouts import rollout_advance, rollout_begin
from apps.deployments.services.scaling import stages_scale, stages_unload

log = structlog.get_logger(__name__)

#: Any constant: it names the lock under which replicas are placed.
_PLACING_LOCK = 0x5155_504C
#: Passes come every second; a longer gap than this means that nobody was watching.
_GAP = timedelta(seconds=3)


def reconcile(*, evidence: Evidence | None) -> None:
    """One pass. `evidence` is what Valkey shows, None where it is away: traffic then stays, and replicas are kept."""
    watch_keep()
    _each(lambda pk: rollout_begin(deployment_id=pk), selectors.deployments_with_approved())
    _each(lambda pk: rollout_advance(rollout_id=pk, evidence=evidence), selectors.rollouts_open())
    fleet_fit(evidence=evidence)


def watch_keep() -> None:
    """Note this pass, and begin the watch anew if the one before was long ago."""
    since = Case(When(last_pass_at__lt=Now() - _GAP, then=Now()), default=F("since"))
    if not ReconcilerWatch.objects.update(since=since, last_pass_at=Now()):
        ReconcilerWatch.objects.get_or_create(pk=1)


def _each(act: Callable[[int], object], ids: Iterable[int]) -> None:
    """Do `act` for each; one deployment that cannot go on must not hold up the others."""
    for pk in ids:
        try:
            act(pk)
        except OperationalError:
            raise
        except Exception:
            log.exception("a rollout could not take its step", id=pk)


def fleet_fit(*, evidence: Evidence | None = None) -> None:
    """Decide how many replicas each stage should have, start what lacks, drain what is too much, give up what is gone;
    nothing where another pass is at it."""
    with transaction.atomic():
        if not _placing_lock_taken():
            return
        running = selectors.carriers()
        if stages_scale(running, evidence=evidence):
            running = selectors.carriers()
        acts = plan(selectors.picture(running))
        lost = replicas_lost(acts.lost)
        _drain(acts)
        dispatched = _dispatch_again(acts)
        placed = _placed(acts.place)
        _note_blocked(acts)
        stages_unload(acts.unload)
        silent = nodes_silent(acts.gone)
        replicas_lost_tell(lost)
        nodes_silent_tell(silent)
        _tell_placed(placed, dispatched)


def _placing_lock_taken() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_PLACING_LOCK])
        return bool(cursor.fetchone()[0])


def _drain(acts: Plan) -> None:
    """Order the hosts to drain; what no host has taken yet just ends."""
    if not acts.drain:
        return
    unwanted = Replica.objects.filter(pk__in=acts.drain)
    unwanted.filter(state=Replica.State.PENDING).update(state=Replica.State.STOPPED, ended_at=Now())
    unwanted.filter(state__in=Replica.HOLDING_STATES).update(state=Replica.State.DRAINING)


def _dispatch_again(acts: Plan) -> list[Replica]:
    if not acts.dispatch:
        return []
    waiting = Replica.objects.filter(pk__in=acts.dispatch, state=Replica.State.PENDING)
    replicas = list(waiting.select_related("node"))
    waiting.update(dispatched_at=Now())
    return replicas


def _placed(places: list[Place]) -> list[Replica]:
    if not places:
        return []
    replicas = [
        Replica(stage_id=p.stage, slot=p.slot, node_id=p.node, device=p.device, reserved_bytes=p.need) for p in places
    ]
    Replica.objects.bulk_create(replicas)
    related = Replica.objects.select_related("stage__revision__deployment", "node")
    return list(related.filter(pk__in=[replica.pk for replica in replicas]))


def _tell_placed(placed: list[Replica], dispatched: list[Replica]) -> None:
    for replica in placed:
        revision = replica.stage.revision
        about = {"replica": str(replica.pk), "revision": revision.number, "node": replica.node.name}
        audit.record(actor=None, action="replica.placed", target=f"deployment:{revision.deployment.name}", **about)
    for replica in (*placed, *dispatched):
        outbox.emit(ReplicaPlaced(replica_id=str(replica.pk), node=replica.node.name))


def _note_blocked(acts: Plan) -> None:
    """Keep on each running revision why it lacks replicas, or that it lacks none."""
    reasons = selectors.blocked_by_revision(acts.blocked)
    running = Revision.objects.filter(state__in=[Revision.State.STARTING, Revision.State.LIVE])
    for revision_id, reason in reasons.items():
        running.filter(pk=revision_id).exclude(state_reason=reason).update(state_reason=reason)
    running.exclude(pk__in=reasons).exclude(state_reason="").update(state_reason="")
