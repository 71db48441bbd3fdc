"""News of drift."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run ended; `verdict` and `groups` (name -> state) are empty where it failed."""

    name: ClassVar[str] = "drift.run_finished"
    run_id: int
    deployment: str
    revision: int
    verdict: str
    groups: dict[str, str]


@dataclass(frozen=True, slots=True)
class DriftFound(Event):
    """Groups that were not known to be drifted are; `reasons` says of each by which signals, `summary` of all."""

    name: ClassVar[str] = "drift.found"
    run_id: int
    deployment: str
    revision: int
    groups: list[str]
    summary: str
    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class DriftHealed(Event):
    """Groups that were drifted were tested and are not any more."""

    name: ClassVar[str] = "drift.healed"
    run_id: int
    deployment: str
    revision: int
    groups: list[str]
    summary: str


@dataclass(frozen=True, slots=True)
class ReportRequested(Event):
    """Somebody wants to see Evidently's report of a run; `ticket` tells one request from the next."""

    name: ClassVar[str] = "drift.report_requested"
    run_id: int
    ticket: str
