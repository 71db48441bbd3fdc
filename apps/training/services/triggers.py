"""What calls for retraining: each firing is a row, one of a deployment is open at most.

Whoever fires holds the deployment's row, so two at once are taken one after the other; that one is open at most is the
database's promise as well. Firing only writes the row: beginning.py looks for samples and asks for the job, which may
take seconds, elsewhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import audit, outbox, poke
from apps.core.clock import now
from apps.core.models import User
from apps.deployments.models import Deployment
from apps.drift.models import DriftRun
from apps.drift.services import QUEUE
from apps.training import access
from apps.training.events import RetrainingEnded
from apps.training.models import RetrainPolicy, RetrainTrigger
from apps.training.rules.triggers import OPEN, Kind, State, fate, groups_wanted
from apps.training.selectors import last_retrained

#: The Celery task that begins what is pending; on the analysis worker's queue, as freezing samples takes seconds.
RETRAIN_TASK = "training.retrain"


def retrain_now(
    *, actor: User, deployment: Deployment, why: str = "", despite_cooldown: bool = False
) -> RetrainTrigger:
    """Fire by hand, in the name of `actor`. Raises Forbidden or NoRetrainPolicy.

    It goes by the policy even where that is switched off, and waits for labels like any other.
    """
    access.retrainer(actor, deployment.name)
    access.policy_for(actor, deployment.name)
    told = f"{actor.get_username()} asked for it" + (f": {why}" if why else ".")
    return trigger_fire(deployment=deployment, kind=Kind.HAND, why=told, actor=actor, despite_cooldown=despite_cooldown)


def drift_heard(
    *,
    event_id: UUID,
    run_id: int,
    deployment: str,
    revision: int,
    groups: Sequence[str],
    reasons: Mapping[str, str],
    **rest: Any,
) -> None:
    """Listener of drift.found: fire where the deployment's policy asks for one of the groups.

    Drift is found before anybody labels what drifted, so the trigger mostly waits. Labels count of predictions that
    were made since the beginning of the window that the run looked at.
    """
    policy = RetrainPolicy.objects.select_related("deployment", "set_by").filter(deployment__name=deployment).first()
    if policy is None or not (policy.enabled and policy.on_drift):
        return
    if not (wanted := groups_wanted(groups, policy.drift_groups)):
        return
    run = DriftRun.objects.filter(pk=run_id).first()
    trigger_fire(
        deployment=policy.deployment,
        kind=Kind.DRIFT,
        why=f"Drift run {run_id} found drift: {'; '.join(f'{each} ({reasons[each]})' for each in wanted)}.",
        actor=policy.set_by,
        event_id=event_id,
        groups=wanted,
        met_since=(run.after or run.before) if run else None,
    )


def drift_over(*, event_id: UUID, deployment: str, groups: Sequence[str], **rest: Any) -> None:
    """Listener of drift.healed: what still waits for labels of a drift that is over is given up."""
    with transaction.atomic():
        row = Deployment.objects.select_for_update(no_key=True).filter(name=deployment).first()
        waiting = RetrainTrigger.objects.filter(deployment=row, state=State.PENDING, kind=Kind.DRIFT).first()
        # Ids of events sort by time: healing that is told late says nothing of a drift that was found after it.
        if waiting is None or (waiting.event_id and waiting.event_id > event_id):
            return
        left = [name for name in waiting.groups if name not in groups]
        if left:
            RetrainTrigger.objects.filter(pk=waiting.pk).update(groups=left)
        else:
            trigger_end(waiting, State.GAVE_UP, "drift_healed", "The drift was over before enough labels came.")
            _take_up(waiting, groups)


def _take_up(over: RetrainTrigger, healed: Sequence[str]) -> None:
    """What joined a trigger that is over wants it still: the first of another cause goes on in its own right, a
    person's before all, and the others join that. Part of a transaction that holds the deployment's row."""
    joined = list(RetrainTrigger.objects.filter(joined=over, state=State.DEDUPLICATED).order_by("pk"))
    for each in joined:
        each.groups = [name for name in each.groups if name not in healed]
    lasting = [each for each in joined if each.kind != Kind.DRIFT or each.groups]
    if not lasting:
        return
    first = min(lasting, key=lambda each: each.kind != Kind.HAND)
    others = [each.pk for each in joined if each.pk != first.pk]
    same = RetrainTrigger.objects.filter(pk=first.pk)
    open_again = {"state": State.PENDING, "code": "", "reason": "", "joined": None, "ended_at": None}
    same.update(groups=first.groups, **open_again)
    RetrainTrigger.objects.filter(pk__in=others).update(joined=first)
    told = {"trigger": first.pk, "kind": first.kind, "why": first.why, "after": over.pk}
    audit.record(actor=None, action="retraining.taken_up", target=f"deployment:{over.deployment.name}", **told)
    transaction.on_commit(lambda: poke.send(RETRAIN_TASK, QUEUE))


def trigger_fire(
    *,
    deployment: Deployment,
    kind: Kind,
    why: str,
    actor: User,
    event_id: UUID | None = None,
    groups: Sequence[str] = (),
    met_since: datetime | None = None,
    despite_cooldown: bool = False,
) -> RetrainTrigger:
    """Write that something called for retraining, and have it begun unless one is open or the cooldown is not over.

    The same event fires once.
    """
    with transaction.atomic():
        Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk)
        if event_id and (known := RetrainTrigger.objects.filter(event_id=event_id).first()):
            return known
        policy = RetrainPolicy.objects.filter(deployment=deployment).first()
        under_way = RetrainTrigger.objects.filter(deployment=deployment, state__in=OPEN).first()
        state, reason = fate(
            open_one=_words(under_way),
            last_ended=last_retrained(deployment),
            cooldown=timedelta(seconds=policy.cooldown_s if policy else 0),
            now=now(),
            despite=despite_cooldown,
        )
        trigger = RetrainTrigger.objects.create(
            deployment=deployment,
            kind=kind,
            why=why,
            event_id=event_id,
            groups=list(groups),
            met_since=met_since,
            actor=actor,
            state=state,
            code=state if state not in OPEN else "",
            reason=reason,
            joined=under_way,
            ended_at=None if state in OPEN else now(),
        )
        told = {"trigger": trigger.pk, "kind": kind.value, "why": why, "state": state.value, "reason": reason}
        audit.record(
            actor=actor if kind is Kind.HAND else None,
            action="retraining.triggered",
            target=f"deployment:{deployment.name}",
            **told,
        )
        if state == State.PENDING:
            transaction.on_commit(lambda: poke.send(RETRAIN_TASK, QUEUE))
    return trigger


def pending_end(*, deployment: Deployment, why: str) -> None:
    """Give up what waits for labels. Part of a transaction that holds the deployment's row."""
    for trigger in RetrainTrigger.objects.filter(deployment=deployment, state=State.PENDING):
        trigger_end(trigger, State.GAVE_UP, "policy_changed", why)


def trigger_end(trigger: RetrainTrigger, state: State, code: str, reason: str, **more: Any) -> bool:
    """Write what became of an open trigger and tell of it, unless somebody was faster. Part of a transaction."""
    same = RetrainTrigger.objects.filter(pk=trigger.pk, state=trigger.state)
    if not same.update(state=state, code=code[:40], reason=reason, ended_at=now(), looking_until=None, **more):
        return False
    told: dict[str, Any] = {"trigger": trigger.pk, "state": state.value, "reason": reason}
    audit.record(actor=None, action="retraining.ended", target=f"deployment:{trigger.deployment.name}", **told)
    told |= {"code": code, "why": trigger.why, "actor": trigger.actor.get_username()}
    outbox.emit(RetrainingEnded(deployment=trigger.deployment.name, **told))
    return True


def _words(trigger: RetrainTrigger | None) -> str:
    if trigger is None:
        return ""
    what = "waits for labels" if trigger.state == State.PENDING else f"is being trained by job {trigger.job_id}"
    return f"Trigger {trigger.pk} ({trigger.kind}, {trigger.fired_at:%Y-%m-%d %H:%M:%S} UTC) {what}."
