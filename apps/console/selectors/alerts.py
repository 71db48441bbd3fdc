"""Alerts as the pages show them: what is open first, then what was resolved, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from apps.console.states import State, alert_state
from apps.core.models import User
from apps.deployments.access import OPERATE
from apps.deployments.models import Deployment
from apps.monitoring.models import Alert, AlertMail
from apps.monitoring.rules.findings import Severity
from apps.monitoring.selectors import alert_history, alerts_list, alerts_open

#: Resolved alerts on one page, and earlier ones of the same on an alert's own.
PAGE = 30
_EARLIER = 8
_FAULTS = {"caller": "what is sent", "platform": "the platform", "model": "the model", "operator": "how it is run"}
#: Rules that a deployment's page says more about, with the place on it.
_PLACES = {
    "availability": "#objectives",
    "latency": "#objectives",
    "accuracy": "#accuracy",
    "drift": "#drift",
    "retraining": "#retraining",
}


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert; `look` is where more is to be seen, `lies_with` whose fault it is in words."""

    alert: Alert
    state: State
    lies_with: str
    look: str


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """`older` is the moment to go on from, as text, empty at the end."""

    open: list[AlertRow]
    resolved: list[AlertRow]
    older: str
    deployments: list[str]


def alerts_page(*, deployment: str, severity: str, before: datetime | None) -> AlertsPage:
    """Of one deployment and severity, or of all; resolved ones that were raised before `before`."""
    chosen = {"deployment": deployment, "severity": severity}
    resolved = alerts_list(open=False, **chosen).order_by("-raised_at")
    if before is not None:
        resolved = resolved.filter(raised_at__lt=before)
    found = list(resolved[: PAGE + 1])
    last = found[PAGE - 1].raised_at if len(found) > PAGE else None
    pressing = alerts_open() if before is None else Alert.objects.none()
    if deployment:
        pressing = pressing.filter(deployment=deployment)
    if severity:
        pressing = pressing.filter(severity=severity)
    return AlertsPage(
        open=[alert_row(each) for each in pressing],
        resolved=[alert_row(each) for each in found[:PAGE]],
        older=last.isoformat() if last else "",
        deployments=list(Deployment.objects.order_by("name").values_list("name", flat=True)),
    )


def alert_row(alert: Alert) -> AlertRow:
    """An alert as it is shown."""
    look = ""
    if alert.deployment:
        look = reverse("console:deployment", args=[alert.deployment]) + _PLACES.get(alert.rule, "")
    return AlertRow(alert, alert_state(alert), _FAULTS.get(alert.fault, ""), look)


def alert_context(actor: User, alert: Alert) -> dict[str, Any]:
    """Everything an alert's own page shows."""
    return {
        "row": alert_row(alert),
        "earlier": [alert_row(each) for each in alert_history(alert)[:_EARLIER]],
        "mails": AlertMail.objects.filter(alert=alert).select_related("user").order_by("pk"),
        "may_acknowledge": actor.has_perm(OPERATE),
    }


def severities() -> list[str]:
    """What may be chosen."""
    return [each.value for each in Severity]


def deployment_alerts(name: str) -> list[AlertRow]:
    """What is open of one deployment."""
    return [alert_row(each) for each in alerts_open().filter(deployment=name)]
