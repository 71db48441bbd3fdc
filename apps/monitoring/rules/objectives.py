"""What an objective promises, as a value, and what cannot be promised."""

from dataclasses import dataclass

from apps.monitoring.rules.counts import Counts
from apps.monitoring.rules.sketches import within

#: The period in days where nobody says otherwise, and the longest: minutes are kept for so long.
DAYS, MOST_DAYS = 28, 28
#: Labels are counted for a week (services/accuracy.py), so nothing is promised of more.
MOST_LABEL_DAYS = 7
#: Requests, or labels, below which nothing is judged.
LEAST = 100
#: Milliseconds: a minute.
MOST_MS = 60_000
AVAILABILITY, LATENCY, ACCURACY = "availability", "latency", "accuracy"


@dataclass(frozen=True, slots=True)
class Promise:
    """`target` is the share that shall be good over `days`; `within_ms` is of latency only."""

    kind: str
    target: float
    within_ms: int | None = None
    days: int = DAYS
    least: int = LEAST

    @property
    def name(self) -> str:
        """What a deployment has one of: `availability`, `latency-250`, `accuracy`."""
        return self.kind if self.within_ms is None else f"{self.kind}-{self.within_ms}"

    @property
    def counted(self) -> str:
        """What it is a share of."""
        return "labels" if self.kind == ACCURACY else "requests"

    @property
    def words(self) -> str:
        """What shall be so of the share."""
        if self.kind == LATENCY:
            return f"answered within {self.within_ms} ms"
        return "right of what is labelled" if self.kind == ACCURACY else "not failed by the model or the platform"


def trouble(promise: Promise) -> str | None:
    """Why nobody can promise this, as a sentence, or None."""
    if not 0 < promise.target < 1:
        return "A target is a share above 0 and below 1, as 0.999: a target of 1 leaves no budget to spend."
    if (promise.kind == LATENCY) != (promise.within_ms is not None):
        return "A latency objective, and no other, says within how many milliseconds, as `within_ms`."
    if promise.within_ms is not None and not 1 <= promise.within_ms <= MOST_MS:
        return f"`within_ms` is from 1 to {MOST_MS}."
    most = MOST_LABEL_DAYS if promise.kind == ACCURACY else MOST_DAYS
    if not 1 <= promise.days <= most:
        return f"The period of this objective is from 1 to {most} days: what it is judged by is kept for no longer."
    if promise.least < 1:
        return "`least` is 1 at least: of nothing there is no share."
    return None


def judged(promise: Promise, counts: Counts) -> tuple[int, int]:
    """How many of these requests the promise is about, and how many of them broke it.

    Refusals, the caller's fault, are left out: a client that errs a thousand times says nothing of the service. Of
    latency those are counted that were answered; one whose bucket ends above the bound counts as too slow.
    """
    if promise.within_ms is None:
        return counts.requests - counts.refused, counts.failed
    answered = sum(counts.latency.values())
    return answered, answered - within(counts.latency, promise.within_ms)
