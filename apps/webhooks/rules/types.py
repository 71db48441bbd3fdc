"""Types of events that an endpoint may ask to be told of, whoever they are about."""

from collections.abc import Iterable

SUBSCRIBABLE = ("alert.raised", "alert.resolved")


def unknown(events: Iterable[str]) -> list[str]:
    """Those that there are none of."""
    return sorted(set(events) - {*SUBSCRIBABLE})
