"""What is wrong in the fleet at this moment, as findings."""

from django.db.models import Exists, OuterRef, Q

from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.selectors import standings
from apps.inference.selectors import predictions_tally
from apps.monitoring.rules.findings import Finding, Severity
from apps.webhooks.selectors import endpoints_disabled

_PLACES = "Add a node that has room, or make room; the page of nodes shows who holds what."


def anything_live() -> bool:
    """Whether any deployment has a revision that takes traffic."""
    return Deployment.objects.exclude(live_revision=None).exists()


def replicas_missing() -> list[Finding]:
    """Deployments whose live revision has a stage without a ready replica, or whose replicas have no place."""
    running = list(
        Revision.objects.filter(Q(state=Revision.State.LIVE) | (Q(state=Revision.State.STARTING) & ~Q(state_reason="")))
        .select_related("deployment")
        .order_by("pk")
    )
    stood = standings([each for each in running if each.state == Revision.State.LIVE]) if running else {}
    found = {}
    for revision in running:
        stages = stood.get(revision.pk, [])
        none = [each.stage.name for each in stages if each.desired and not each.ready]
        if none or revision.state_reason:
            found[revision.deployment.name] = _missing(revision, none)
    return list(found.values())


def _missing(revision: Revision, without: list[str]) -> Finding:
    """`without`: stages of a live revision that have no replica at all."""
    name = revision.deployment.name
    what = f"{name} has no replica ready" if without else f"{name} has no place for all its replicas"
    stages = f"Stages without one: {', '.join(without)}. " if without else ""
    return Finding(
        rule="replicas",
        deployment=name,
        severity=Severity.PAGE if without else Severity.TICKET,
        title=what,
        text=f"{stages}{revision.state_reason}".strip() or "Requests wait or fail until one is ready.",
        fault="operator" if revision.state_reason else "platform",
        remedy=_PLACES if revision.state_reason else "Look at the replicas that ended last, and at their logs.",
    )


def rollouts_unanswered() -> list[Finding]:
    """Each deployment's last rollouts that went wrong, which no later revision has answered."""
    later = Revision.objects.filter(deployment=OuterRef("deployment"), number__gt=OuterRef("to_revision__number"))
    wrong = Rollout.objects.filter(~Exists(later), state__in=[Rollout.State.FAILED, Rollout.State.ROLLED_BACK])
    related = ("deployment__live_revision", "to_revision")
    return [_went_wrong(rollout) for rollout in wrong.select_related(*related).order_by("pk")]


def _went_wrong(rollout: Rollout) -> Finding:
    name, number = rollout.deployment.name, rollout.to_revision.number
    failed = rollout.state == Rollout.State.FAILED
    live = rollout.deployment.live_revision
    serving = f"Revision {live.number} keeps serving." if live else "Nothing serves."
    return Finding(
        rule="rollout",
        deployment=name,
        group=f"revision {number}",
        severity=Severity.TICKET if live else Severity.PAGE,
        title=f"{name}: revision {number} {'failed to roll out' if failed else 'was rolled back'}",
        text=f"{rollout.reason} {serving}".strip(),
        fault="model" if failed else "",
        remedy="Mend what the reason names, and ask for another revision.",
    )


def webhooks_off() -> list[Finding]:
    """Endpoints that Quartet switched off. Of their address nothing is told: a path may be a secret."""
    return [
        Finding(
            rule="webhook",
            group=str(endpoint.pk),
            title=f"The webhook endpoint {endpoint.name} of {endpoint.owner} was switched off",
            text=endpoint.disabled_reason,
            fault="operator",
            remedy="Mend what takes the messages, then set the endpoint active again: what was to be told waits.",
        )
        for endpoint in endpoints_disabled()
    ]


def loss_counters() -> dict[str, tuple[str, int]]:
    """Name -> what is counted, in words, and how many there were ever."""
    tally = predictions_tally()
    return {
        "predictions": ("Records of predictions", tally.dropped + tally.refused),
        "inputs": ("Inputs that were to be kept", tally.kept_dropped),
    }
