"""How an objective stands, as it was found at the last look and as every edge tells it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from apps.monitoring.rules.accuracy import Tally
from apps.monitoring.rules.burn import NOTHING, Sum, budget_left, burn
from apps.monitoring.rules.objectives import ACCURACY, Promise


class State(StrEnum):
    """`too_few` and `unknown` are no kind of well."""

    HOLDS = "holds"
    BURNING = "burning"
    SPENT = "spent"
    TOO_FEW = "too_few"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found at `at` (unix seconds).

    `period` is of the objective's whole period and `recent` of the last hour, or day of labels. `firing` are places in
    PAIRS, or for accuracy 0 where it is surely missed. `long` is of three days, kept between looks. `heard`: somebody
    was, in the last minutes. `since` is the first minute that is known of the period. `coverage` is of labels.
    """

    at: float = 0.0
    period: Sum = NOTHING
    recent: Sum = NOTHING
    long: Sum = NOTHING
    firing: tuple[int, ...] = ()
    heard: bool = False
    since: float | None = None
    coverage: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For the row."""
        return asdict(self) | {name: list(getattr(self, name)) for name in ("period", "recent", "long", "firing")}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Standing":
        """What as_json gave; of an empty one nothing is known."""
        fields: dict[str, Any] = {name: kept[name] for name in cls.__slots__ if name in kept}
        fields |= {name: Sum(*fields[name]) for name in ("period", "recent", "long") if name in fields}
        fields["firing"] = tuple(fields.get("firing", ()))
        return cls(**fields)


def measured(standing: Standing) -> float | None:
    """The share that was good over the period; None where there was nothing."""
    period = standing.period
    return 1 - period.bad / period.total if period.total else None


def left(standing: Standing, promise: Promise) -> float | None:
    """The share of the budget that is left; None where too little is known to judge."""
    return budget_left(standing.period, promise.target) if standing.period.total >= promise.least else None


def burning_now(standing: Standing, promise: Promise) -> float | None:
    """The burn rate of the last hour, or day of labels; None where there was nothing, or nobody was heard."""
    return burn(standing.recent, promise.target) if standing.heard else None


def state(standing: Standing, promise: Promise) -> State:
    """The one word. What burns is said first; and no data is not green."""
    if standing.firing:
        return State.BURNING
    if not standing.heard:
        return State.UNKNOWN
    budget = left(standing, promise)
    if budget is None:
        return State.TOO_FEW
    return State.SPENT if budget <= 0 else State.HOLDS


def surely_missed(day: Tally, period: Tally, promise: Promise, *, fired: bool) -> bool:
    """Whether the accuracy objective is missed, over the period or over the last day.

    It begins where what is labelled says so surely: the interval's high end (Wilson's, 95 %) lies below the target. It
    ends where the accuracy of each is back at the target. Below the least number of labels nothing begins and, of the
    period, nothing ends: too few labels are no all-clear.
    """
    assert promise.kind == ACCURACY
    if period.labelled < promise.least:
        return fired
    enough = [each for each in (day, period) if each.labelled >= promise.least]
    if fired:
        return any(each.right < promise.target * each.labelled for each in enough)
    return any(each.interval is not None and each.interval[1] < promise.target for each in enough)
