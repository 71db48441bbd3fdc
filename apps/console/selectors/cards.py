"""The cards of the overview: what happened, and what can be done."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Action:
    """A button; without `href` it is shown disabled with `refusal` as the reason."""

    label: str
    href: str = ""
    primary: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One card: what happened, when it `began` (a word before the time), why as far as known, and what can be done."""

    title: str
    text: str
    tone: str
    since: datetime | None = None
    began: str = ""
    actions: list[Action] = field(default_factory=list)
