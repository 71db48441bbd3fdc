"""What the reviewers decided."""

from dataclasses import dataclass, field
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class Granted(Event):
    """Enough reviewers approved."""

    name: ClassVar[str] = "approvals.granted"
    kind: str
    subject_id: int
    digest: str
    evidence_digest: str
    reviewers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lapsed(Event):
    """A request ended without an answer: `state` is void or expired, `reason` says why in a sentence."""

    name: ClassVar[str] = "approvals.lapsed"
    kind: str
    subject_id: int
    digest: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected(Event):
    """A reviewer said no."""

    name: ClassVar[str] = "approvals.rejected"
    kind: str
    subject_id: int
    digest: str
    reviewer: int = 0
    comment: str = ""
