"""What may be said of when a deployment is looked at and how strictly, and what holds where nothing is said."""

from collections.abc import Mapping
from typing import Any

from apps.core.bounds import number_fault, whole_fault, yes_or_no_fault
from apps.drift.errors import BadPolicy

#: Least and most of each whole number, and of the level.
LIMITS = {
    "every_minutes": (1, 43_200),
    "every_predictions": (10, 10_000_000),
    "window": (50, 100_000),
    "window_hours": (1, 720),
}
LEVEL = (1e-6, 0.2)
DEFAULTS: dict[str, Any] = {
    "every_minutes": 60,
    "every_predictions": None,
    "window": 1000,
    "window_hours": 24,
    # Lower than a single run's usual 0.05: a stream that is looked at each hour would alarm falsely within a day.
    "level": 0.01,
    "answer_without_drifted": False,
}
#: None means never.
_MAY_BE_NONE = ("every_minutes", "every_predictions")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with every default filled in, or BadPolicy saying which field is wrong."""
    unknown = sorted(given.keys() - DEFAULTS.keys())
    if unknown:
        raise BadPolicy(f"A drift policy has {', '.join(DEFAULTS)}, not {', '.join(unknown)}.")
    policy = DEFAULTS | dict(given)
    faults = [whole_fault(name, policy[name], LIMITS[name], never=name in _MAY_BE_NONE) for name in LIMITS]
    faults.append(number_fault("level", policy["level"], LEVEL))
    faults.append(yes_or_no_fault("answer_without_drifted", policy["answer_without_drifted"]))
    for fault in filter(None, faults):
        raise BadPolicy(fault)
    return policy
