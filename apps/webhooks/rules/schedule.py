"""When a delivery that failed is tried again, and when an endpoint has failed for too long."""

from datetime import timedelta

_PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 12, 18, 24)),
)
#: Tries of one delivery, over about three days.
MOST_TRIES = len(_PAUSES) + 1
#: The most that a pause is lengthened by, of itself: not all that failed together come back together.
_JITTER = 0.2
#: The longest that an endpoint may ask to be left alone.
LONGEST_ASKED = timedelta(days=1)
#: An endpoint that took nothing for so long is switched off.
FAILING_FOR = timedelta(days=5)


def pause(tries: int, luck: float, asked: timedelta | None = None) -> timedelta | None:
    """How long a delivery rests after `tries` failed tries, or None when it is given up.

    `luck` from 0 to 1 spreads the pauses; `asked` is what the endpoint's Retry-After says, which may lengthen a pause.
    """
    if tries >= MOST_TRIES:
        return None
    rest = _PAUSES[tries - 1] * (1 + _JITTER * luck)
    return max(rest, min(asked, LONGEST_ASKED)) if asked else rest
