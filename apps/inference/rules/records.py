"""A record as it goes into the database: one tuple in the order of the columns."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from apps.inference.rules.ids import AHEAD

#: Records from before this are not taken: nothing waits that long, so Valkey's clock is wrong, or was.
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


class Mirrored(NamedTuple):
    """See models.Mirror; `subject` is whom the prediction is about."""

    at: datetime
    prediction: UUID
    deployment: str
    revision: int
    error: str
    busy_ms: float
    live_busy_ms: float
    labels: list[str]
    confidences: list[float | None]
    subject: str = ""


class Dated(Protocol):
    """What has a time."""

    @property
    def at(self) -> datetime: ...


D = TypeVar("D", bound=Dated)


def datable(records: Iterable[D], now: datetime) -> list[D]:
    """Those whose time may be true; `now` is by the database's clock, which every node shares."""
    earliest, latest = now - _OLDEST, now + AHEAD
    return [record for record in records if earliest <= record.at <= latest]
