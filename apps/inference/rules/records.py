"""A record as it goes into the database: one tuple in the order of the columns."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from apps.inference.rules.ids import AHEAD

#: Records from before this are not taken: nothing waits that long, so a clock is wrong.
_OLDEST = timedelta(days=30)


class Recorded(NamedTuple):
    """See models.Prediction."""

    at: datetime
    id: UUID
    deployment: str
    revision: int
    version: int
    error: str
    latency_ms: float
    queue_ms: float
    samples: int
    inputs: list[str]
    missing: list[str]
    labels: list[str]
    confidences: list[float | None]
    subject: str
    muted: list[str] = []
    muted_used: bool = False


def datable(records: Iterable[Recorded], now: datetime) -> list[Recorded]:
    """Those whose time may be true."""
    earliest, latest = now - _OLDEST, now + AHEAD
    return [record for record in records if earliest <= record.at <= latest]
