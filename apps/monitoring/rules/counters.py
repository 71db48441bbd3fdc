"""Counters that only rise: when one last rose, and how much since it was calm."""

from typing import NamedTuple


class Counter(NamedTuple):
    """Its last value, when it last rose (unix seconds, 0 for never), and its value before it began to."""

    value: int
    rose_at: float
    base: int


def seen(before: Counter | None, value: int, moment: float, calm: float) -> Counter:
    """The counter after a look. What it counted before the first look is old news; one that fell begins anew."""
    if before is None or value < before.value:
        return Counter(value, 0.0, value)
    if value == before.value:
        return before
    return Counter(value, moment, before.base if rising(before, moment, calm) else before.value)


def rising(counter: Counter, moment: float, calm: float) -> bool:
    """Whether it rose within the last `calm` seconds."""
    return counter.rose_at > 0 and moment - counter.rose_at < calm
