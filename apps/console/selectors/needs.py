"""What needs a person, most pressing first. Nothing here when nothing is wrong."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from apps.approvals.models import ApprovalRequest
from apps.approvals.selectors import decision_refusal, requests_open
from apps.console.selectors.approvals import progress
from apps.console.selectors.cards import Action, Need
from apps.console.selectors.drift_needs import drift_needs
from apps.console.selectors.fleet import DeploymentRow
from apps.core.clock import now
from apps.core.models import OutboxEvent, User
from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.selectors import mutings_open, rollout_weight
from apps.inference.models import ApiKey
from apps.monitoring.models import Alert
from apps.monitoring.rules.findings import Severity
from apps.monitoring.selectors import alerts_open, seconds_behind
from apps.registry.models import Alias, ModelVersion

#: A gateway says something at least every 5 s; after this many seconds of silence somebody should look.
_SILENCE = 20.0
#: Rules of alerts whose cause has a card here as soon as it is there.
_CARDS_OF_THEIR_OWN = ("replicas", "rollout", "silence")
#: Tries after which an event's listener is not just unlucky.
_MANY_TRIES = 4
#: How long before its end the owner of a key is told.
_SOON = timedelta(days=7)


def needs(actor: User, rows: list[DeploymentRow]) -> list[Need]:
    """The cards of the overview for `actor`, given the table's rows."""
    alerts = alerts_open().exclude(rule__in=_CARDS_OF_THEIR_OWN)
    drift = [each for each in alerts if each.rule == "drift"]
    return [
        *_without_replicas(rows),
        *_silence(rows),
        *_alerts([each for each in alerts if each.rule != "drift"]),
        *_corrupt_versions(),
        *_failed_rollouts(),
        *_stuck_rollouts(),
        *_paused_rollouts(),
        *drift_needs(drift),
        *_approvals(actor),
        *_short_of_replicas(rows),
        *_muted_inputs(),
        *_failing_listeners(actor),
        *_expiring_keys(actor),
    ]


def _approvals(actor: User) -> list[Need]:
    return [
        Need(
            title=request.summary,
            text=f"{progress(request)}.",
            tone="info",
            since=request.opened_at,
            began=f"Asked by {request.requested_by.get_username()}",
            actions=_review(actor, request),
        )
        for request in requests_open().prefetch_related("decisions__reviewer")
    ]


def _review(actor: User, request: ApprovalRequest) -> list[Action]:
    href = reverse("console:approval", args=[request.pk])
    if refusal := decision_refusal(actor, request):
        return [Action("Review", refusal=refusal.message), Action("Open", href)]
    return [Action("Review", href, primary=True)]


def _expiring_keys(actor: User) -> list[Need]:
    """Keys of the actor's own that end soon, but for those that were replaced."""
    soon = ApiKey.objects.filter(user=actor, revoked_at=None, expires_at__lte=now() + _SOON)
    ending = soon.filter(expires_at__gt=now()).exclude(name__contains="(replaced, ")
    return [
        Need(
            title=f"Your API key {key.name} expires on {key.expires_at:%Y-%m-%d %H:%M} UTC",
            text=f"{_use(key)} POST /api/v1/keys/{key.pk}/rotate makes the next one; this one goes on for an hour.",
            tone="warn",
        )
        for key in ending.order_by("expires_at")
    ]


def _use(key: ApiKey) -> str:
    return f"It last opened REST on {key.last_used_at:%Y-%m-%d}." if key.last_used_at else "It never opened REST."


def _alerts(alerts: list[Alert]) -> list[Need]:
    """What nothing else here tells of at once. One that somebody sees to stays, and says so."""
    return [
        Need(
            title=alert.title,
            text=_seen_to(alert),
            tone="bad" if alert.severity == Severity.PAGE else "warn",
            since=alert.raised_at,
            began="Raised",
            actions=[Action("Open", reverse("console:alert", args=[alert.pk]))],
        )
        for alert in alerts
    ]


def _seen_to(alert: Alert) -> str:
    if alert.acknowledged_by is None:
        return alert.text
    return f"{alert.acknowledged_by.get_username()} sees to it. {alert.comment}".strip()


def _without_replicas(rows: list[DeploymentRow]) -> list[Need]:
    return [
        Need(
            title=f"{row.name} has no replica ready",
            text=row.live.state_reason or "Requests wait or fail until one is; Quartet is starting others.",
            tone="bad",
            actions=[_open(row.name)],
        )
        for row in rows
        if row.live and row.wanted and not row.ready
    ]


def _short_of_replicas(rows: list[DeploymentRow]) -> list[Need]:
    """Only with a reason: without one the missing replica is on its way."""
    return [
        Need(
            title=f"{row.name} runs {row.ready} of {row.wanted} replicas",
            text=row.live.state_reason,
            tone="warn",
            actions=[_open(row.name)],
        )
        for row in rows
        if row.live and 0 < row.ready < row.wanted and row.live.state_reason
    ]


def _muted_inputs() -> list[Need]:
    """Whoever muted them, somebody should know that the answers are poorer than they might be."""
    return [
        Need(
            title=f"{muted.deployment.name} answers without {muted.input}",
            text=muted.reason,
            tone="warn",
            since=muted.muted_at,
            began=f"Muted by {muted.by}",
            actions=[_open(muted.deployment.name)],
        )
        for muted in mutings_open()
    ]


def _failed_rollouts() -> list[Need]:
    """Rollouts that failed and that no later revision has answered."""
    later = Revision.objects.filter(deployment=OuterRef("deployment"), number__gt=OuterRef("to_revision__number"))
    failed = Rollout.objects.filter(~Exists(later), state=Rollout.State.FAILED)
    return [
        Need(
            title=f"{rollout.deployment.name}: the rollout of revision {rollout.to_revision.number} failed",
            text=f"{rollout.reason} {_still_serving(rollout.deployment)}".strip(),
            tone="bad",
            since=rollout.ended_at,
            began="Failed",
            actions=[_open(rollout.deployment.name)],
        )
        for rollout in failed.select_related("deployment__live_revision", "to_revision")
    ]


def _stuck_rollouts() -> list[Need]:
    """Rollouts whose replicas have no place; without a reason they are on their way."""
    starting = Rollout.objects.filter(state=Rollout.State.STARTING).exclude(to_revision__state_reason="")
    return [
        Need(
            title=f"{rollout.deployment.name}: the rollout of revision {rollout.to_revision.number} waits",
            text=f"{rollout.to_revision.state_reason} {_still_serving(rollout.deployment)}",
            tone="warn",
            since=rollout.started_at,
            began="Began",
            actions=[_open(rollout.deployment.name)],
        )
        for rollout in starting.select_related("deployment__live_revision", "to_revision")
    ]


def _paused_rollouts() -> list[Need]:
    """Rollouts that somebody holds, that their figures could not decide, or that passed and ask for a word."""
    paused = Rollout.objects.filter(state__in=Rollout.AT_A_STEP_STATES, paused_at__isnull=False)
    return [
        Need(
            title=f"{rollout.deployment.name}: the rollout of revision {rollout.to_revision.number} is paused",
            text=f"{_part(rollout)} {rollout.pause_reason}",
            tone="warn",
            since=rollout.paused_at,
            began="Paused",
            actions=[_open(rollout.deployment.name)],
        )
        for rollout in paused.select_related("deployment", "to_revision")
    ]


def _part(rollout: Rollout) -> str:
    if rollout.state == Rollout.State.SHADOW:
        return "It is asked in the shadow and answers nobody."
    return f"It has {rollout_weight(rollout)} % of the traffic."


def _still_serving(deployment: Deployment) -> str:
    live = deployment.live_revision
    return f"Revision {live.number} keeps serving." if live else "Nothing serves."


def _corrupt_versions() -> list[Need]:
    """Corrupt versions that something still points at; the others are history."""
    in_use = Revision.objects.filter(
        stages__version=OuterRef("pk"), state__in=["requested", "approved", "starting", "live", "retiring"]
    )
    corrupt = ModelVersion.objects.filter(
        Q(Exists(in_use)) | Q(Exists(Alias.objects.filter(version=OuterRef("pk")))), state=ModelVersion.State.CORRUPT
    )
    return [
        Need(
            title=f"{version.model.name} version {version.number} is corrupt",
            text=f"{version.state_reason} No new replica of it starts. Register the files again and roll that out.",
            tone="bad",
            actions=[Action("Open", reverse("console:version", args=[version.model.name, version.number]))],
        )
        for version in corrupt.select_related("model")
    ]


def _silence(rows: list[DeploymentRow]) -> list[Need]:
    """Deployments are live, but nobody counts their requests."""
    behind = seconds_behind()
    if not any(row.live for row in rows) or (behind is not None and behind < _SILENCE):
        return []
    since = None if behind is None else now() - timedelta(seconds=behind)
    text = "Its process or the ingest process has stopped, so traffic and latency are unknown."
    return [Need(title="No gateway is heard", text=text, tone="bad", since=since, began="Last heard")]


def _failing_listeners(actor: User) -> list[Need]:
    stuck = OutboxEvent.objects.filter(done_at=None, attempts__gte=_MANY_TRIES).order_by("created_at")
    first, number = stuck.first(), stuck.count()
    if first is None:
        return []
    href = reverse("admin:core_outboxevent_changelist") if actor.has_perm("core.view_outboxevent") else ""
    text = f"{first.name} was tried {first.attempts} times: {first.last_error[:200]}"
    action = Action("Open", href, refusal="Looking into it needs an administrator.")
    title = f"{number} event{'s wait' if number > 1 else ' waits'} for a listener that fails"
    return [Need(title, text, "warn", first.created_at, "Emitted", [action])]


def _open(name: str) -> Action:
    return Action("Open", reverse("console:deployment", args=[name]))
