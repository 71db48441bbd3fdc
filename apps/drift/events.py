"""News of drift."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class ReportRequested(Event):
    """Somebody wants to see Evidently's report of a run; `ticket` tells one request from the next."""

    name: ClassVar[str] = "drift.report_requested"
    run_id: int
    ticket: str
