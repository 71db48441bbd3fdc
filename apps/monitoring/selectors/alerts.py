"""Reading alerts, and who wants to be told of them."""

from django.db.models import Count, Q, QuerySet

from apps.core.clock import now
from apps.monitoring.models import Alert, AlertMail, AlertRule, Subscription
from apps.monitoring.rules.findings import RULES, Severity


def alerts_list(
    *, deployment: str = "", severity: str = "", rule: str = "", open: bool | None = None
) -> QuerySet[Alert]:
    """Alerts that were raised, newest first. What is only suspected is nobody's business yet."""
    found = Alert.objects.exclude(raised_at=None).select_related("acknowledged_by")
    if deployment:
        found = found.filter(deployment=deployment)
    if severity:
        found = found.filter(severity=severity)
    if rule:
        found = found.filter(rule=rule)
    return found if open is None else found.filter(resolved_at__isnull=open)


def alerts_open() -> QuerySet[Alert]:
    """Pages before tickets, and of each the newest first."""
    return alerts_list(open=True).order_by("severity", "-raised_at")


def alerts_open_count() -> int:
    """How many there are."""
    return Alert.objects.filter(resolved_at=None).exclude(raised_at=None).count()


def alerts_by_severity() -> dict[tuple[str, str], int]:
    """(deployment, severity) -> open alerts."""
    rows = alerts_list(open=True).order_by().values_list("deployment", "severity").annotate(Count("pk"))
    return {(deployment, severity): count for deployment, severity, count in rows}


def alert_rules() -> dict[str, AlertRule]:
    """Every rule as it is in force: what an administrator set, or else the default."""
    set_otherwise = AlertRule.objects.in_bulk()
    return {name: set_otherwise.get(name) or AlertRule(name=name) for name in RULES}


def recipients(deployment: str, severity: str) -> dict[int, str]:
    """User id -> address of everybody who wants to be told of such an alert. People who have left get nothing."""
    wanted = Subscription.objects.filter(Q(deployment="") | Q(deployment=deployment), user__is_active=True)
    if severity != Severity.PAGE:
        wanted = wanted.exclude(severity=Severity.PAGE)
    return dict(wanted.exclude(user__email="").values_list("user_id", "user__email"))


def mails_due() -> QuerySet[AlertMail]:
    """What may be sent at this moment. People who have left get nothing."""
    return AlertMail.objects.filter(state=AlertMail.State.WAITING, due_at__lte=now(), user__is_active=True)


def alert_history(alert: Alert) -> QuerySet[Alert]:
    """Earlier alerts of the same, newest first."""
    same = alerts_list(rule=alert.rule, deployment=alert.deployment).filter(group=alert.group)
    return same.filter(raised_at__lt=alert.raised_at or now())
