"""What a prediction's id tells: a version 7 UUID (RFC 9562) holds the time of its making in milliseconds."""

import enum
from datetime import UTC, datetime, timedelta
from uuid import UUID

#: How far Valkey's clock, by which gateways date, may be ahead of the database's.
AHEAD = timedelta(minutes=1)
#: A prediction younger than this may be on its way to the database still, however long that was away.
ON_ITS_WAY = timedelta(days=1)

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Standing(enum.Enum):
    """What can be said of an id of which there is no record."""

    NONE = "it is no id of a prediction"
    FUTURE = "its time is still to come"
    GONE = "its time is longer ago than predictions are kept, or than one takes to be recorded"
    AWAITED = "its record may be on its way"


def moment(prediction: UUID) -> datetime | None:
    """When the request came, to the millisecond; None for what is no version 7 UUID or tells no time we can hold."""
    if prediction.version != 7:
        return None
    try:
        return _EPOCH + (prediction.int >> 80) * _MILLISECOND
    except OverflowError:
        return None


def standing(prediction: UUID, now: datetime) -> Standing:
    """Whether the record of an unknown id may still come."""
    at = moment(prediction)
    if at is None:
        return Standing.NONE
    if at > now + AHEAD:
        return Standing.FUTURE
    return Standing.AWAITED if at > now - ON_ITS_WAY else Standing.GONE
