"""What a deployment promises and how it stands, as its page tells it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from apps.console import figures
from apps.console.states import State, objective_state
from apps.monitoring.models import Objective
from apps.monitoring.rules.accuracy import wilson
from apps.monitoring.rules.objectives import ACCURACY, Promise
from apps.monitoring.rules.standing import Standing, burning_now, left, measured
from apps.monitoring.selectors import objectives_of

#: Seconds that may lack of a period that is called whole.
_HARDLY = 3600


@dataclass(frozen=True, slots=True)
class ObjectiveRow:
    """One promise in words; what is not known is a dash."""

    words: str
    target: str
    over: str
    measured: str
    of: str
    left: str
    burn: str
    state: State


def objective_rows(deployment: str) -> list[ObjectiveRow]:
    """A deployment's objectives."""
    return [_row(each) for each in objectives_of(deployment)]


def _row(objective: Objective) -> ObjectiveRow:
    standing, promise = Standing.from_json(objective.standing), objective.promise
    burn = burning_now(standing, promise)
    return ObjectiveRow(
        words=promise.words,
        target=f"{promise.target * 100:.6g} %",
        over=_over(standing, promise),
        measured=figures.nearly_all(measured(standing)),
        of=_of(standing, promise),
        left=_left(left(standing, promise)),
        burn=figures.UNKNOWN if burn is None else f"{burn:.2g}×" if burn < 100 else f"{burn:,.0f}×",
        state=objective_state(standing, promise),
    )


def _over(standing: Standing, promise: Promise) -> str:
    """The period; and since when anything is known of it, where that is not from its beginning."""
    period = f"{promise.days} day{'s' if promise.days > 1 else ''}"
    if standing.since is None or standing.at - standing.since > promise.days * 86_400 - _HARDLY:
        return period
    return f"{period}, counted since {datetime.fromtimestamp(standing.since, UTC):%Y-%m-%d %H:%M} UTC"


def _of(standing: Standing, promise: Promise) -> str:
    """Of how many; an accuracy with its interval and its label coverage."""
    total, bad, _ = standing.period
    n = f"n {figures.count(total)}"
    if promise.kind != ACCURACY or not total:
        return n
    low, high = map(figures.share, wilson(total - bad, total))
    return f"{low} to {high} at 95 %, {n}, {figures.share(standing.coverage)} labelled"


def _left(share: float | None) -> str:
    """A budget that is overspent is no more than spent to the eye, but by how much is said."""
    if share is None:
        return figures.UNKNOWN
    return figures.share(share) if share >= 0 else f"−{figures.share(-share)}"
