"""Records to begin with."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.core.clock import now
from apps.core.ids import new_id
from apps.inference.rules.ids import moment
from apps.inference.rules.records import Recorded


def record(prediction: UUID | None = None, **fields: Any) -> Recorded:
    """A digit that was seen and recognised just now."""
    prediction = prediction or new_id()
    at = moment(prediction)
    assert at is not None
    usual = {"deployment": "digits", "revision": 1, "version": 1, "error": "", "latency_ms": 4.0, "queue_ms": 1.0}
    more = {"samples": 1, "inputs": ["image"], "missing": ["sound"], "labels": ["7"], "confidences": [0.75]}
    return Recorded(**{"at": at, "id": prediction, "subject": "", **usual, **more, **fields})


def made_at(at: datetime) -> UUID:
    """An id that was made then."""
    kept = new_id().int & ((1 << 80) - 1)
    return UUID(int=(int(at.timestamp() * 1000) << 80) | kept)


def ago(**units: float) -> UUID:
    """An id that was made so long ago."""
    return made_at(now() - timedelta(**units))
