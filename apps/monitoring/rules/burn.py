"""How fast an error budget is spent, and when that is an alert: several windows, several burn rates.

Beyer et al., "The Site Reliability Workbook" (Google, 2018), chapter 5, "Multiwindow, Multi-Burn-Rate Alerts". A burn
rate of 1 spends the budget just within the period. A long window shows that it matters, a short one that it goes on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.monitoring.rules.findings import Severity

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Sum(NamedTuple):
    """What a window held: requests, those that were bad, and the minutes of it in which a gateway was heard."""

    total: int = 0
    bad: int = 0
    minutes: int = 0


NOTHING = Sum()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two windows in seconds that must both burn at `factor` or faster."""

    severity: Severity
    factor: float
    long: int
    short: int


PAIRS = (
    Pair(Severity.PAGE, 14.4, _HOUR, 5 * _MINUTE),
    Pair(Severity.PAGE, 6.0, 6 * _HOUR, 30 * _MINUTE),
    Pair(Severity.TICKET, 1.0, 3 * _DAY, 6 * _HOUR),
)
#: Every window in seconds, the shortest first.
WINDOWS = tuple(sorted({length for pair in PAIRS for length in (pair.long, pair.short)}))
#: With a low target no share of bad requests would reach the factor: this share of them is always enough.
_NEARLY_ALL = 0.9


def burn(window: Sum, target: float) -> float | None:
    """The share of bad requests over the share that the target allows; None without requests."""
    # Rounding guards against 10 of 1,000 at 0.99, which would burn at 0.9999999999999991.
    return round(window.bad / window.total / (1 - target), 9) if window.total else None


def budget_left(period: Sum, target: float) -> float | None:
    """The share of the period's budget that is left: 1 is all, below 0 it is overspent; None without requests."""
    spent = burn(period, target)
    return None if spent is None else 1 - spent


def needed(pair: Pair, target: float) -> float:
    """The burn rate at which the pair fires: its factor, or less where the target makes that impossible."""
    return min(pair.factor, _NEARLY_ALL / (1 - target))


def firing(sums: Mapping[int, Sum], target: float, least: int, before: Collection[int] = ()) -> frozenset[int]:
    """Places in PAIRS that fire; `before` are those that did at the last look, `sums` are by WINDOWS.

    One begins when both its windows burn and the long one holds at least `least` requests. One that fired goes on
    until its short window is calm, however the long one stands by then, so it neither flaps nor lingers. While nobody
    is heard nothing begins and nothing ends. Where nobody asks any more it goes on as long as its long window burns.
    """
    return frozenset(
        place for place, pair in enumerate(PAIRS) if _fires(pair, sums, target, least, fired=place in before)
    )


def _fires(pair: Pair, sums: Mapping[int, Sum], target: float, least: int, *, fired: bool) -> bool:
    long, short = sums.get(pair.long, NOTHING), sums.get(pair.short, NOTHING)
    if not short.minutes:
        return fired
    lasts = _hot(long, pair, target) and long.total >= least
    if not short.total:
        return fired and lasts
    return _hot(short, pair, target) and (fired or lasts)


def _hot(window: Sum, pair: Pair, target: float) -> bool:
    rate = burn(window, target)
    return rate is not None and rate >= needed(pair, target)


def severity(places: Collection[int]) -> Severity:
    """The graver one of what fires."""
    return Severity.PAGE if any(PAIRS[place].severity == Severity.PAGE for place in places) else Severity.TICKET


def worst(places: Collection[int]) -> Pair:
    """The pair to tell of: of those that fire the one that is spent fastest."""
    return PAIRS[min(places)]
