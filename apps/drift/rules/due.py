"""When the next run of a deployment is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """Of a DriftPolicy."""

    every_minutes: int | None
    every_predictions: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to decide by: of the live revision, when the last run was asked for (or it went live, where there
    was none), whether that run found no prediction at all, and how many came since."""

    since: datetime
    was_empty: bool
    predictions: int


def due(pace: Pace, standing: Standing, now: datetime) -> str:
    """`count`, `schedule`, or an empty text where nothing is due.

    A revision that nobody asks is looked at once; after that only when a prediction has come.
    """
    if pace.every_predictions is not None and standing.predictions >= pace.every_predictions:
        return "count"
    if pace.every_minutes is None or (standing.was_empty and not standing.predictions):
        return ""
    return "schedule" if now - standing.since >= timedelta(minutes=pace.every_minutes) else ""
