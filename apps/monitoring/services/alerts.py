"""Raising alerts once while they last, resolving them, and saying that somebody sees to one.

Whoever changes an alert holds its row; that there is one open of each is the database's promise.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.access import OPERATE
from apps.monitoring.errors import AlertOver, AlreadyAcknowledged
from apps.monitoring.events import AlertTold
from apps.monitoring.models import Alert
from apps.monitoring.rules.findings import RULES, Finding, Severity
from apps.monitoring.rules.messages import RAISED, RESOLVED, about, message_id
from apps.monitoring.selectors import alert_rules

Key = tuple[str, str, str]
#: How long resolved alerts are kept to look back at.
_KEEP = timedelta(days=180)


def alert_raise(*, finding: Finding, heard: UUID | None = None) -> Alert | None:
    """Note that something is wrong; None where an administrator switched its rule off.

    The first time it is suspected, and raised once it has lasted for its rule's patience. Later findings of the same
    bring its words up to date; people are told again only when it gets graver. `heard` is the outbox event that told
    of it, if one did: a repeated one is no news.
    """
    rule = alert_rules()[finding.rule]
    if not rule.enabled:
        alert_resolve(key=finding.key, why="Such alerts were switched off.")
        return None
    severity = rule.severity or finding.severity.value
    with transaction.atomic():
        if heard and _known(finding.key, heard):
            return None
        alert = _locked(finding, severity)
        graver = alert.severity == Severity.TICKET and severity == Severity.PAGE
        _write(alert, finding, severity, heard)
        if alert.raised_at is None and now() - alert.since >= RULES[finding.rule].patience:
            _raise(alert)
        elif alert.raised_at is not None and graver:
            _tell(alert, RAISED)
            audit.record(actor=None, action="alert.graver", target=_target(alert), title=alert.title)
    return alert


def alert_resolve(*, key: Key, why: str, heard: UUID | None = None) -> None:
    """What `key` names is over; one that was only suspected is forgotten."""
    with transaction.atomic():
        alert = _open(key)
        if alert is None or (heard and alert.heard and alert.heard >= heard):
            return
        if alert.raised_at is None:
            alert.delete()
            return
        alert.resolved_at, alert.resolution, alert.heard = now(), why, heard or alert.heard
        alert.save(update_fields=["resolved_at", "resolution", "heard"])
        audit.record(actor=None, action="alert.resolved", target=_target(alert), title=alert.title, why=why)
        _tell(alert, RESOLVED)


def findings_apply(*, rule: str, findings: Collection[Finding], why: str) -> None:
    """Everything that one rule finds at this moment: each is raised, and what it finds no more is over once it has been
    calm for as long as the rule asks."""
    for finding in findings:
        alert_raise(finding=finding)
    found = {finding.key for finding in findings}
    for alert in Alert.objects.filter(rule=rule, resolved_at=None):
        if (key := (alert.rule, alert.deployment, alert.group)) not in found:
            _calm(alert, key, why)


def _calm(alert: Alert, key: Key, why: str) -> None:
    since = alert.calm_since or now()
    if alert.raised_at is None or now() - since >= RULES[alert.rule].calm:
        alert_resolve(key=key, why=why)
    elif alert.calm_since is None:
        Alert.objects.filter(pk=alert.pk, resolved_at=None).update(calm_since=since)


def alert_acknowledge(*, actor: User, alert: Alert, comment: str = "") -> Alert:
    """`actor` sees to it; raises AlreadyAcknowledged where another does, and AlertOver where nothing is left to do."""
    require(actor, OPERATE, "acknowledge alerts")
    with transaction.atomic():
        waiting = Alert.objects.filter(pk=alert.pk, resolved_at=None, acknowledged_by=None)
        won = waiting.update(acknowledged_by=actor, acknowledged_at=now(), comment=comment)
        alert.refresh_from_db()
        if not won:
            raise _refusal(alert)
        detail = {"title": alert.title, "comment": comment or "no comment"}
        audit.record(actor=actor, action="alert.acknowledged", target=_target(alert), **detail)
    return alert


def _refusal(alert: Alert) -> AlertOver | AlreadyAcknowledged:
    if alert.resolved_at is not None:
        return AlertOver(f"This alert was resolved: {alert.resolution}")
    return AlreadyAcknowledged(f"{alert.acknowledged_by} has acknowledged this alert.")


def alerts_expire() -> None:
    """Drop what was resolved long ago, with its mails."""
    Alert.objects.filter(resolved_at__lt=now() - _KEEP).delete()


def _known(key: Key, heard: UUID) -> bool:
    """Whether this event, or a later one, has been heard of already. Ids of events sort by time."""
    rule, deployment, group = key
    return Alert.objects.filter(rule=rule, deployment=deployment, group=group, heard__gte=heard).exists()


def _open(key: Key) -> Alert | None:
    rule, deployment, group = key
    locked = Alert.objects.select_for_update()
    return locked.filter(rule=rule, deployment=deployment, group=group, resolved_at=None).first()


def _locked(finding: Finding, severity: str) -> Alert:
    """The open alert, made where there is none. One that another resolves at this moment makes room for a new one."""
    while True:
        if (alert := _open(finding.key)) is not None:
            return alert
        rule, deployment, group = finding.key
        fields = {"rule": rule, "deployment": deployment, "group": group, "severity": severity, "title": finding.title}
        Alert.objects.bulk_create([Alert(**fields)], ignore_conflicts=True)


def _write(alert: Alert, finding: Finding, severity: str, heard: UUID | None) -> None:
    alert.title, alert.text = finding.title[:200], finding.text
    alert.fault, alert.remedy, alert.severity = finding.fault, finding.remedy, severity
    alert.heard, alert.updated_at, alert.calm_since = heard or alert.heard, now(), None
    fields = ["title", "text", "fault", "remedy", "severity", "heard", "updated_at", "calm_since"]
    alert.save(update_fields=fields)


def _raise(alert: Alert) -> None:
    alert.raised_at = now()
    alert.save(update_fields=["raised_at"])
    audit.record(actor=None, action="alert.raised", target=_target(alert), title=alert.title, text=alert.text)
    _tell(alert, RAISED)


def _tell(alert: Alert, kind: str) -> None:
    alert.told += 1
    alert.save(update_fields=["told"])
    told = about(_fields(alert))
    outbox.emit(AlertTold(alert_id=str(alert.pk), kind=kind, message=message_id(alert.pk, alert.told), about=told))


def _fields(alert: Alert) -> dict[str, Any]:
    names = ("rule", "deployment", "group", "severity", "title", "text", "fault", "remedy", "resolution")
    moments = ("since", "raised_at", "resolved_at")
    plain = {"id": str(alert.pk)} | {name: getattr(alert, name) for name in names}
    return plain | {name: _moment(getattr(alert, name)) for name in moments}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _target(alert: Alert) -> str:
    return f"deployment:{alert.deployment}" if alert.deployment else f"alert:{alert.rule}"
