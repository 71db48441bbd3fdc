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
    reviewers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rejected(Event):
    """A reviewer said no."""

    name: ClassVar[str] = "approvals.rejected"
    kind: str
    subject_id: int
    digest: str
    reviewer: int = 0
    comment: str = ""
