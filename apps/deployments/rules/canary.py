"""Letting a revision in by degrees: which share of the traffic it has, and when that grows, stops or goes back.

Each step waits for its interval and for a verdict on what was answered since it began. A pass takes the next step, a
fail sends all traffic back; what stays inconclusive for too long waits for a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.bounds import whole_fault
from apps.deployments.errors import BadSpec

#: Least and most of each field that is a whole number, and its default.
_NUMBERS = {
    "interval_s": (1, 86_400, 60),
    "patience_s": (1, 7 * 86_400, 900),
    "samples": (10, 1_000_000, 200),
}
#: Margins: by how much the candidate's share may be larger; see apps/monitoring/rules/side_by_side.py.
_MARGINS = {"failed": 0.02, "slower": 0.1, "unsure": 0.15, "labels": 0.15, "wrong": 0.05}
_STEPS = {"canary": [5, 25, 50], "ab": [50]}
_MOST_STEPS = 20
FIELDS = ("steps", *_NUMBERS, *_MARGINS)

PASSED, FAILED = "pass", "fail"


def stepped(given: Mapping[str, Any], strategy: str) -> dict[str, Any]:
    """The plan with every default filled in, or BadSpec saying which field is wrong."""
    unknown = sorted(given.keys() - set(FIELDS))
    if unknown:
        raise BadSpec(f"canary has {', '.join(FIELDS)}, not {', '.join(unknown)}.")
    plan: dict[str, Any] = {"steps": _steps(given.get("steps", _STEPS[strategy]))}
    plan |= {name: _number(name, given.get(name, usual), *limits) for name, (*limits, usual) in _NUMBERS.items()}
    plan |= {name: _margin(name, given.get(name, usual)) for name, usual in _MARGINS.items()}
    if plan["patience_s"] < plan["interval_s"]:
        raise BadSpec("canary.patience_s is shorter than canary.interval_s; use at least as long.")
    return plan


def _steps(given: Any) -> list[int]:
    whole = isinstance(given, list) and all(isinstance(each, int) and not isinstance(each, bool) for each in given)
    if not whole or not 1 <= len(given) <= _MOST_STEPS or not all(1 <= each <= 99 for each in given):
        raise BadSpec(f"canary.steps is {given!r}; use 1 to {_MOST_STEPS} whole per cents from 1 to 99.")
    if sorted(set(given)) != given:
        raise BadSpec(f"canary.steps is {given!r}; each must be more than the one before.")
    return list(given)


def _number(name: str, value: Any, least: int, most: int) -> int:
    if fault := whole_fault(f"canary.{name}", value, (least, most)):
        raise BadSpec(fault)
    return int(value)


def _margin(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise BadSpec(f"canary.{name} is {value!r}; use a share above 0, at most 1.")
    return float(value)


@dataclass(frozen=True, slots=True)
class Compared:
    """How a rollout's revisions compared at a step: the verdict, and the figures as JSON, which hold its reason."""

    step: int
    verdict: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a rollout by degrees stands: the step of `steps` it is at, seconds since that began, what the figures of
    that step say ("pass", "fail", "inconclusive", or nothing yet) and why. `automatic`: it goes on by itself."""

    steps: int
    at: int = 0
    since: float = 0.0
    interval: float = 0.0
    patience: float = 0.0
    verdict: str = ""
    reason: str = ""
    paused: bool = False
    automatic: bool = True


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
        return Move(to=progress.at + 1)
    if progress.since >= progress.patience:
        return Move(pause=True, reason=progress.reason or "Nothing is known of how the two revisions compare.")
    return Move()
