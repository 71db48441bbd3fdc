"""News of alerts."""

from dataclasses import dataclass
from typing import Any, ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class AlertTold(Event):
    """People should know of an alert: it was raised, got graver or was resolved.

    `kind` is `alert.raised` or `alert.resolved`, `message` an id that is the same however often this is told, and
    `about` the alert as it was at that moment, as docs/alerts.md shows it.
    """

    name: ClassVar[str] = "monitoring.alert_told"
    alert_id: str
    kind: str
    message: str
    about: dict[str, Any]
