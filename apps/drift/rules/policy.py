"""What may be said of when a deployment is looked at and how strictly, and what holds where nothing is said."""

from collections.abc import Mapping
from typing import Any

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
    for name in LIMITS:
        _check_whole(name, policy[name])
    _check_level(policy["level"])
    if not isinstance(policy["answer_without_drifted"], bool):
        raise BadPolicy(f"answer_without_drifted is {policy['answer_without_drifted']!r}; use true or false.")
    return policy


def _check_whole(name: str, value: Any) -> None:
    least, most = LIMITS[name]
    if value is None and name in _MAY_BE_NONE:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        never = ", or null for never" if name in _MAY_BE_NONE else ""
        raise BadPolicy(f"{name} is {value!r}; use a whole number from {least:,} to {most:,}{never}.")


def _check_level(value: Any) -> None:
    least, most = LEVEL
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise BadPolicy(f"level is {value!r}; use a number from {least:g} to {most:g}.")
