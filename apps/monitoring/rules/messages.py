"""What people and other systems are told of an alert: ids that stay, and a mail's words."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

RAISED, RESOLVED = "alert.raised", "alert.resolved"
_PREFIX = "msg_alert_"
#: Whose fault, in words.
_FAULTS = {"caller": "what is sent", "platform": "the platform", "model": "the model", "operator": "how it is run"}


def message_id(alert: UUID, number: int) -> str:
    """Of the `number`-th time that people are told of the alert: the same however often that is sent."""
    return f"{_PREFIX}{alert.hex}_{number}"


def mail_id(message: str, user: int, host: str) -> str:
    """The header Message-ID (RFC 5322) of a message to one person: short, as lines of headers are."""
    return f"<{message.removeprefix(_PREFIX)}.{user}@{host}>"


def about(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a webhook: plain JSON, without what is empty."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


def subject(kind: str, told: Mapping[str, Any]) -> str:
    """A mail's subject, on one line."""
    what = "resolved" if kind == RESOLVED else told["severity"]
    return " ".join(f"[Quartet {what}] {told['title']}".split())


def body(kind: str, told: Mapping[str, Any], url: str) -> str:
    """A mail's text: what is wrong, since when, how bad, whose fault, what to do, and where to look."""
    lines = [f"{told['title']}.", ""]
    if kind == RESOLVED:
        lines += [f"Resolved: {told.get('resolution', '')}", ""]
    if told.get("text"):
        lines += [told["text"], ""]
    facts = {
        "Severity": told["severity"],
        "Deployment": told.get("deployment"),
        "Since": told.get("since"),
        "Until": told.get("resolved_at"),
        "Lies with": _FAULTS.get(told.get("fault", "")),
        "To do": told.get("remedy") if kind == RAISED else None,
        "Look at": url,
    }
    lines += [f"{name + ':':<12}{value}" for name, value in facts.items() if value]
    return "\n".join(lines) + "\n"
