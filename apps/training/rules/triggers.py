"""When a deployment's model is to learn anew, what becomes of a trigger, and which samples it is measured with.

Values in, values out: the same facts give the same answer, in whatever process they are looked at.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from apps.datasets.rules import Key


class Kind(StrEnum):
    """What a trigger fires by."""

    DRIFT = "drift"
    ACCURACY = "accuracy"
    SCHEDULE = "schedule"
    LABELS = "labels"
    HAND = "hand"


class State(StrEnum):
    """What became of a trigger: one that is pending waits for labels."""

    PENDING = "pending"
    TRAINING = "training"
    REQUESTED = "requested"
    REFUSED = "refused"
    FAILED = "failed"
    DEDUPLICATED = "deduplicated"
    COOLING_DOWN = "cooling_down"
    GAVE_UP = "gave_up"


#: The sides of a sample that was met: to learn from, or to measure with.
LEARNED, MEASURED = "learned", "measured"

#: One a deployment at most.
OPEN = (State.PENDING, State.TRAINING)
#: Automatic triggers of one kind are at least so long apart, however short the cooldown is.
_LEAST_APART = timedelta(minutes=1)


def fate(
    *, open_one: str, last_ended: datetime | None, cooldown: timedelta, now: datetime, despite: bool = False
) -> tuple[State, str]:
    """What a trigger that fires now is at first, and why.

    `open_one` says in words what became of the one that is open already, empty for none; `last_ended` is when the last
    retraining ended; `despite` lets the trigger through although the cooldown is not over.
    """
    if open_one:
        return State.DEDUPLICATED, open_one
    if last_ended is not None and not despite and now < last_ended + cooldown:
        until = last_ended + cooldown
        return State.COOLING_DOWN, f"The last retraining ended {_ago(now - last_ended)} ago; the next may begin at " + (
            f"{until:%Y-%m-%d %H:%M:%S} UTC."
        )
    return State.PENDING, ""


def _ago(passed: timedelta) -> str:
    seconds = max(0, int(passed.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60:,} min"


@dataclass(frozen=True, slots=True)
class Pace:
    """What a policy says of triggers that are looked for; None for never."""

    every_hours: int | None
    every_labels: int | None
    accuracy_floor: float | None
    accuracy_least: int
    cooldown: timedelta
    on_drift: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to decide by. `since` is the last retraining, or when the policy was set where there was none;
    `fired` when each kind fired last, whatever became of it."""

    since: datetime
    fired: dict[Kind, datetime]
    labels: int = 0  # given since the last retraining
    labelled: int = 0  # of the accuracy's window
    right: int = 0
    drifted: Sequence[str] = ()  # groups that are, of those the policy asks for
    long_drifted: bool = False  # and were before: what has just been found is heard as an event, if anybody listens


def due(pace: Pace, seen: Seen, now: datetime) -> tuple[Kind, str] | None:
    """The trigger that fires now, with why, or None. A kind that fired rests for the cooldown, so that a condition that
    lasts is told of once each time and not at each look."""
    for kind, why in _conditions(pace, seen, now):
        last = seen.fired.get(kind)
        if last is None or now - last >= max(pace.cooldown, _LEAST_APART):
            return kind, why
    return None


def _conditions(pace: Pace, seen: Seen, now: datetime) -> list[tuple[Kind, str]]:
    found = []
    if pace.on_drift and seen.drifted and (seen.long_drifted or Kind.DRIFT in seen.fired):
        found.append((Kind.DRIFT, f"{', '.join(seen.drifted)} is drifted still."))
    accuracy = accuracy_low(pace, seen.labelled, seen.right)
    if accuracy:
        found.append((Kind.ACCURACY, accuracy))
    if pace.every_labels is not None and seen.labels >= pace.every_labels:
        found.append((Kind.LABELS, f"{seen.labels:,} labels came since the last retraining."))
    if pace.every_hours is not None and now - seen.since >= timedelta(hours=pace.every_hours):
        found.append((Kind.SCHEDULE, f"{pace.every_hours:,} h have passed."))
    return found


def accuracy_low(pace: Pace, labelled: int, right: int) -> str:
    """Why the accuracy calls for retraining, or an empty text."""
    if pace.accuracy_floor is None or labelled < max(1, pace.accuracy_least) or right / labelled >= pace.accuracy_floor:
        return ""
    return (
        f"It was right on {right / labelled:.1%} of {labelled:,} labelled samples; {pace.accuracy_floor:.1%} is asked."
    )


def may_be_enough(*, least: int, found: int, came: int) -> bool:
    """Whether another look at the samples can find `least`, where the last found so many and so many labels came since.

    Each of them adds one sample at most, so a look before enough of them came is spared. How many there are in all says
    nothing: old ones leave what is looked at while new ones come.
    """
    return found + came >= least


def held_out(key: Sequence[tuple[str, str]], share: float) -> bool:
    """Whether a sample with these files (input, SHA-256) that was never met before is measured with.

    By its content alone, so that a larger share only adds to the smaller's.
    """
    text = "\n".join(f"{name}:{sha256}" for name, sha256 in key)
    place = int.from_bytes(hashlib.sha256(f"held out\n{text}".encode()).digest()[:8], "big")
    return place < share * 2**64


def side_of(key: Key, share: float, measured_before: Collection[Key], learned_before: Collection[Key]) -> str:
    """MEASURED or LEARNED: the side on which a sample of these files stood in an earlier retraining, whatever the share
    is by now, or else the one that its content gives it.

    A model that learned from a sample would be flattered by it, and so would every later one that begins with it.
    """
    if key in measured_before:
        return MEASURED
    if key in learned_before:
        return LEARNED
    return MEASURED if held_out(key, share) else LEARNED


def groups_wanted(found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Of the groups that drifted, those that a policy asks for; it asks for every one where it names none."""
    return [name for name in found if not wanted or name in wanted]
