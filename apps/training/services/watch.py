"""What the control worker looks for now and then: policies whose time, accuracy or labels call for retraining."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Max, Q

from apps.core import poke
from apps.core.clock import now
from apps.deployments.models import Revision
from apps.drift.selectors import drifted_groups, run_last
from apps.drift.services import QUEUE
from apps.inference.selectors import labelled_count
from apps.monitoring.rules.accuracy import Tally, total
from apps.monitoring.selectors import deployment_accuracy
from apps.training.models import RetrainPolicy, RetrainTrigger
from apps.training.rules.triggers import OPEN, Kind, Seen, due, groups_wanted
from apps.training.services.beginning import learned_until, pending_worth_a_look
from apps.training.services.outcomes import retraining_settle
from apps.training.services.triggers import RETRAIN_TASK, trigger_fire

log = structlog.get_logger(__name__)

#: Seconds from one look to the next.
RETRAIN_WATCH_PERIOD = 14.9
#: What was found drifted so long ago, and called for nothing, was found while no policy asked for it.
_HEARD = timedelta(minutes=10)


def retraining_watch() -> int:
    """Fire what is due, and have begun what may have enough labels by now; how many fired. Without a policy that looks
    for anything, and with nothing open, two small queries."""
    fired = sum(_looked_at(policy) for policy in _watched())
    if RetrainTrigger.objects.filter(state__in=OPEN).exists():
        retraining_settle()
        if pending_worth_a_look():
            poke.send(RETRAIN_TASK, QUEUE)
    return fired


def _watched() -> list[RetrainPolicy]:
    """Policies that something must be looked up for, of deployments that serve, have no trigger open, and wait for no
    retrained version to come in: what calls for one may be over with it."""
    on = RetrainPolicy.objects.filter(enabled=True, deployment__live_revision__isnull=False)
    looking = on.exclude(on_drift=False, accuracy_floor=None, every_hours=None, every_labels=None)
    under_way = Q(state__in=OPEN) | Q(revision__state__in=Revision.COMING_STATES)
    busy = RetrainTrigger.objects.filter(under_way).values("deployment")
    return list(looking.exclude(deployment__in=busy).select_related("deployment__live_revision", "set_by"))


def _looked_at(policy: RetrainPolicy) -> bool:
    try:
        return _fired(policy)
    except Exception:
        log.exception("a retraining policy could not be looked at", policy=policy.pk)
        return False


def _fired(policy: RetrainPolicy) -> bool:
    moment = now()
    if (found := due(policy.pace, _seen(policy, moment), moment)) is None:
        return False
    kind, why = found
    lasting = _lasting(policy) if kind is Kind.DRIFT else {}
    trigger_fire(deployment=policy.deployment, kind=kind, why=why, actor=policy.set_by, **lasting)
    return True


def _lasting(policy: RetrainPolicy) -> dict[str, Any]:
    """What a trigger by drift knows besides: its groups, and the beginning of the window that showed them."""
    live = policy.deployment.live_revision
    assert live is not None
    run = run_last(policy.deployment, live.number)
    return {"groups": _drifted(policy), "met_since": (run.after or run.before) if run else None}


def _drifted(policy: RetrainPolicy, until: datetime | None = None) -> list[str]:
    """Groups of the live revision that are drifted by what was last known, or was by then, of those that the policy
    asks for."""
    live = policy.deployment.live_revision
    assert live is not None
    found = drifted_groups(policy.deployment, live.number, until=until)
    return groups_wanted(sorted(found), policy.drift_groups)


def _seen(policy: RetrainPolicy, moment: datetime) -> Seen:
    """Only what the policy asks for is looked up."""
    learned, name = learned_until(policy.deployment), policy.deployment.name
    tally = _accuracy(policy, moment) if policy.accuracy_floor is not None else Tally()
    labels = 0
    if policy.every_labels is not None:
        labels = labelled_count(deployment=name, after=learned or moment - timedelta(days=policy.days))
    return Seen(
        since=learned or policy.changed_at,
        fired=_fired_last(policy),
        labels=labels,
        labelled=tally.labelled,
        right=tally.right,
        drifted=_drifted(policy) if policy.on_drift else (),
        long_drifted=policy.on_drift and bool(_drifted(policy, moment - _HEARD)),
    )


def _accuracy(policy: RetrainPolicy, moment: datetime) -> Tally:
    live = policy.deployment.live_revision
    assert live is not None
    return total(deployment_accuracy(policy.deployment.name, policy.accuracy_window, moment).of(live.number))


def _fired_last(policy: RetrainPolicy) -> dict[Kind, datetime]:
    rows = RetrainTrigger.objects.filter(deployment=policy.deployment_id).values_list("kind").annotate(Max("fired_at"))
    return {Kind(kind): at for kind, at in rows.order_by("kind")}
