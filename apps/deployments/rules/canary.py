"""Letting a revision in by degrees: which share of the traffic it has, and when that grows, stops or goes back.

Each step waits for its interval and for a verdict on what was answered since it began. A pass takes the next step, a
fail sends all traffic back; what stays inconclusive for too long waits for a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.deployments.errors import BadSpec
from apps.deployments.rules import plan_fields

#: Margins: by how much the candidate's share may be larger; see apps/monitoring/rules/side_by_side.py.
_MARGINS = {"failed": 0.02, "slower": 0.1, "unsure": 0.15, "labels": 0.15, "wrong": 0.05}
_STEPS = {"canary": [5, 25, 50], "ab": [50]}
_MOST_STEPS = 20
FIELDS = ("steps", *plan_fields.NUMBERS, *_MARGINS)

PASSED, FAILED = "pass", "fail"


def stepped(given: Mapping[str, Any], strategy: str) -> dict[str, Any]:
    """The plan with every default filled in, or BadSpec saying which field is wrong."""
    plan_fields.check_known("canary", given, FIELDS)
    steps = _steps(given.get("steps", _STEPS[strategy]))
    return {"steps": steps, **plan_fields.numbers("canary", given), **plan_fields.margins("canary", given, _MARGINS)}


def _steps(given: Any) -> list[int]:
    whole = isinstance(given, list) and all(isinstance(each, int) and not isinstance(each, bool) for each in given)
    if not whole or not 1 <= len(given) <= _MOST_STEPS or not all(1 <= each <= 99 for each in given):
        raise BadSpec(f"canary.steps is {given!r}; use 1 to {_MOST_STEPS} whole per cents from 1 to 99.")
    if sorted(set(given)) != given:
        raise BadSpec(f"canary.steps is {given!r}; each must be more than the one before.")
    return list(given)


@dataclass(frozen=True, slots=True)
class Compared:
    """How a rollout's revisions compared at a step: the verdict, and the figures as JSON with its reason."""

    step: int
    verdict: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a rollout by degrees stands: the step of `steps` it is at, seconds since that began, what the figures of
    that step say ("pass", "fail", "inconclusive", or nothing yet) and why. `automatic`: it goes on by itself, but that
    one which `asks` waits for a person where it passed. `shadow`: it is at a step without a share, its first; after
    that come the canary's, if it has any."""

    steps: int
    at: int = 0
    since: float = 0.0
    interval: float = 0.0
    patience: float = 0.0
    verdict: str = ""
    reason: str = ""
    paused: bool = False
    automatic: bool = True
    asks: bool = False
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """`back` to the old revision, `to` a step (one past the last: all traffic), or `pause`; none of them: stay."""

    back: bool = False
    pause: bool = False
    to: int | None = None
    reason: str = ""


def move(progress: Progress) -> Move:
    """What is due. A fail goes back even from a pause: nobody should have to be awake for that."""
    if not progress.automatic:
        return Move()
    if progress.verdict == FAILED:
        return Move(back=True, reason=progress.reason)
    if progress.paused or progress.since < progress.interval:
        return Move()
    if progress.verdict == PASSED:
        return Move(pause=True, reason=f"It passed. {progress.reason}") if progress.asks else Move(to=progress.at + 1)
    if progress.since >= progress.patience:
        return Move(pause=True, reason=progress.reason or "Nothing is known of how the two revisions compare.")
    return Move()
