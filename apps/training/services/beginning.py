"""From a trigger to its job: wait for labels, freeze what was met, ask for the training.

Whoever looks has the trigger for some minutes; killed in between, another looks again. Freezing the same samples twice
gives the same dataset version, and the job is asked for in the transaction that ends the waiting.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.clock import now
from apps.core.errors import QuartetError
from apps.deployments.models import Deployment, Revision
from apps.inference.selectors import labelled_count, labelled_new
from apps.training import access
from apps.training.errors import NothingServes
from apps.training.models import RetrainPolicy, RetrainTrigger
from apps.training.rules.triggers import Kind, State, may_be_enough
from apps.training.services.jobs import job_request
from apps.training.services.learning import Sets, sets_freeze
from apps.training.services.triggers import trigger_end

log = structlog.get_logger(__name__)

#: Who looks for a trigger's samples has it so long.
_LOOK = timedelta(minutes=5)
#: A label that is younger may bring a sample yet: its inputs are recorded after its prediction.
_SETTLED = timedelta(minutes=2)


def retraining_begin() -> int:
    """Begin what is pending and may have enough labels; how many jobs were asked for. One that fails holds up no
    other."""
    begun = 0
    for trigger in pending_worth_a_look():
        try:
            begun += trigger_begin(trigger_id=trigger.pk)
        except Exception:
            log.exception("a trigger could not be looked at", trigger=trigger.pk)
    return begun


def pending_worth_a_look() -> list[RetrainTrigger]:
    """Pending triggers that nobody looks at, and that may have enough labels by now or have waited long enough."""
    free = Q(looking_until=None) | Q(looking_until__lt=Now())
    pending = RetrainTrigger.objects.filter(free, state=State.PENDING).select_related("deployment").order_by("pk")
    rows = list(pending)
    policies = RetrainPolicy.objects.in_bulk([each.deployment_id for each in rows], field_name="deployment_id")
    return [each for each in rows if _worth(each, policies.get(each.deployment_id))]


def _worth(trigger: RetrainTrigger, policy: RetrainPolicy | None) -> bool:
    if policy is None or trigger.looked_at is None or _overdue(trigger, policy):
        return True
    since, fresh = _since(trigger, policy, now()), trigger.looked_at - _SETTLED
    came = labelled_count(deployment=trigger.deployment.name, after=since, bound_after=fresh)
    return may_be_enough(least=policy.least_labels, found=trigger.samples_found, came=came)


def trigger_begin(*, trigger_id: int) -> bool:
    """Ask for the job of a pending trigger, or write why it waits on or never will; whether there is a job now."""
    free = Q(looking_until=None) | Q(looking_until__lt=Now())
    waiting = RetrainTrigger.objects.filter(free, pk=trigger_id, state=State.PENDING)
    if not waiting.update(looking_until=Now() + _LOOK):
        return False
    related = ("deployment__live_revision__version__model", "actor")
    trigger = RetrainTrigger.objects.select_related(*related).get(pk=trigger_id)
    policy = RetrainPolicy.objects.select_related("deployment").filter(deployment=trigger.deployment_id).first()
    if policy is None or not (policy.enabled or trigger.kind == Kind.HAND):
        return _give_up(trigger, "policy_changed", "The policy was switched off or taken away.")
    try:
        return _begin(trigger, policy)
    except QuartetError as error:
        with transaction.atomic():
            trigger_end(trigger, State.REFUSED, error.code, error.message)
        return False


def _begin(trigger: RetrainTrigger, policy: RetrainPolicy) -> bool:
    access.retrainer(trigger.actor, trigger.deployment.name)
    live = _live(trigger.deployment)
    moment = now()
    since = _since(trigger, policy, moment)
    reach = moment - timedelta(days=policy.days)
    found = labelled_new(
        deployment=trigger.deployment.name,
        after=max(reach, trigger.met_since or reach),
        before=moment,
        given_after=since,
        most=policy.least_labels,
    )
    enough = found >= policy.least_labels
    sets = sets_freeze(actor=trigger.actor, policy=policy, before=moment) if enough else None
    if sets is None:
        return _wait(trigger, policy, found, moment)
    return _ask(trigger, policy, live, sets, moment)


def _live(deployment: Deployment) -> Revision:
    if deployment.live_revision is None:
        raise NothingServes(f"Nothing is live behind '{deployment.name}'.")
    return deployment.live_revision


def _ask(trigger: RetrainTrigger, policy: RetrainPolicy, live: Revision, sets: Sets, moment: datetime) -> bool:
    with transaction.atomic():
        Deployment.objects.select_for_update(no_key=True).get(pk=trigger.deployment_id)
        if not RetrainTrigger.objects.filter(pk=trigger.pk, state=State.PENDING).exists():
            return False  # given up, or begun by another
        job, _ = job_request(
            actor=trigger.actor,
            parent=live.version,
            champion=live.version,
            dataset=sets.learned,
            measured_on=sets.measured,
            recipe=policy.recipe,
            parameters=policy.parameters,
            seed=policy.seed,
            device=policy.device,
            limit=policy.limit,
        )
        RetrainTrigger.objects.filter(pk=trigger.pk).update(
            state=State.TRAINING,
            job=job,
            learned_until=moment,
            rollout={"strategy": policy.strategy, "canary": policy.canary, "shadow": policy.shadow},
            looking_until=None,
            code="",
            reason="",
        )
    return True


def _wait(trigger: RetrainTrigger, policy: RetrainPolicy, found: int, moment: datetime) -> bool:
    reason = f"Not enough labels: {found:,} of the {policy.least_labels:,} newly labelled samples that it needs."
    if found >= policy.least_labels:
        reason = "Not enough labels: none of what was met is left to measure with, or none to learn from."
        found = policy.least_labels - 1  # the next label may change that
    if _overdue(trigger, policy):
        return _give_up(trigger, "not_enough_labels", f"{reason} It waited for {policy.wait_s / 3600:,.3g} h.")
    RetrainTrigger.objects.filter(pk=trigger.pk, state=State.PENDING).update(
        looking_until=None, samples_found=found, looked_at=moment, code="not_enough_labels", reason=reason
    )
    return False


def _overdue(trigger: RetrainTrigger, policy: RetrainPolicy) -> bool:
    return now() - trigger.fired_at > timedelta(seconds=policy.wait_s)


def _give_up(trigger: RetrainTrigger, code: str, reason: str) -> bool:
    with transaction.atomic():
        trigger_end(trigger, State.GAVE_UP, code, reason)
    return False


def _since(trigger: RetrainTrigger, policy: RetrainPolicy, moment: datetime) -> datetime:
    """From when on a label is new: the last retraining that was finished, or as far back as is learned from."""
    return learned_until(trigger.deployment) or moment - timedelta(days=policy.days)


def learned_until(deployment: Deployment) -> datetime | None:
    """Up to when the last retraining knew the labels that brought a candidate, let through or refused."""
    finished = RetrainTrigger.objects.filter(
        deployment=deployment, state__in=[State.REQUESTED, State.REFUSED], learned_until__isnull=False
    )
    return finished.order_by("-learned_until").values_list("learned_until", flat=True).first()
