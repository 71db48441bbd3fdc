"""What a retraining policy may say, and what holds where it says nothing."""

from collections.abc import Mapping
from typing import Any

from apps.core.bounds import number_fault, whole_fault, yes_or_no_fault
from apps.training.errors import BadRetrainPolicy

#: Least and most of each whole number.
LIMITS: dict[str, tuple[int, int]] = {
    "every_hours": (1, 8760),
    "every_labels": (1, 1_000_000),
    "accuracy_least": (1, 1_000_000),
    "cooldown_s": (0, 30 * 86_400),
    "least_labels": (1, 50_000),
    "newest": (10, 50_000),
    "days": (1, 365),
    "wait_s": (60, 90 * 86_400),
}
WINDOWS = ("15m", "1h", "24h", "7d")
DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "on_drift": True,
    "drift_groups": [],
    "accuracy_floor": None,
    "accuracy_least": 100,
    "accuracy_window": "24h",
    "every_hours": None,
    "every_labels": None,
    "cooldown_s": 3600,
    "least_labels": 100,
    "held_out": 0.25,
    "newest": 5000,
    "days": 30,
    "wait_s": 7 * 86_400,
    "recipe": "full",
    "parameters": {},
    "seed": 0,
    "device": "auto",
    "limit": {},
    "strategy": "canary",
    "canary": None,
    "shadow": None,
}
#: Margins that are wider than those of other revisions: a candidate was trained to answer otherwise than the live one,
#: so that it does says nothing against it. Why: docs/decisions/0026-margins-of-retraining.md.
MARGINS: dict[str, dict[str, float]] = {"canary": {"labels": 1.0}, "shadow": {"differs": 1.0}}
#: None means never.
_MAY_BE_NONE = ("every_hours", "every_labels")
_GROUPS_MOST, _GROUP_LONGEST = 50, 63
_SHARE = (0.05, 0.9)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with every default filled in, or BadRetrainPolicy saying which field is wrong.

    What recipes, limits and rollouts may be told, their own rules say.
    """
    if unknown := sorted(given.keys() - DEFAULTS.keys()):
        raise BadRetrainPolicy(f"A retraining policy has {', '.join(DEFAULTS)}, not {', '.join(unknown)}.")
    policy = DEFAULTS | dict(given)
    for fault in filter(None, _faults(policy)):
        raise BadRetrainPolicy(fault)
    if policy["accuracy_window"] not in WINDOWS:
        raise BadRetrainPolicy(f"accuracy_window is {policy['accuracy_window']!r}; use one of {', '.join(WINDOWS)}.")
    for name, kind in (("recipe", str), ("parameters", dict), ("seed", int), ("device", str), ("limit", dict)):
        if not isinstance(policy[name], kind) or isinstance(policy[name], bool):
            raise BadRetrainPolicy(f"{name} is {policy[name]!r}; that is nothing that a training job can be told.")
    if any(isinstance(each, bool) or not isinstance(each, int) for each in policy["limit"].values()):
        raise BadRetrainPolicy("Each limit is a whole number.")
    return policy | {"drift_groups": _groups(policy["drift_groups"])}


def widened(plans: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Each plan that a policy may have, by name, with MARGINS where what was `given` sets none; None where `plans`,
    those of its strategy, has no such one."""
    found: dict[str, dict[str, Any] | None] = dict.fromkeys(MARGINS)
    for name, plan in plans.items():
        said = given[name] or {}
        found[name] = plan | {margin: share for margin, share in MARGINS[name].items() if margin not in said}
    return found


def _faults(policy: Mapping[str, Any]) -> list[str]:
    faults = [whole_fault(name, policy[name], LIMITS[name], never=name in _MAY_BE_NONE) for name in LIMITS]
    faults += [yes_or_no_fault(name, policy[name]) for name in ("enabled", "on_drift")]
    if policy["accuracy_floor"] is not None:
        faults.append(number_fault("accuracy_floor", policy["accuracy_floor"], (0.0, 1.0), "a share"))
    return [*faults, number_fault("held_out", policy["held_out"], _SHARE, "a share")]


def _groups(value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or len(value) > _GROUPS_MOST:
        raise BadRetrainPolicy(
            f"drift_groups is a list of at most {_GROUPS_MOST} names, such as image; none stands for all."
        )
    if any(not isinstance(name, str) or not 1 <= len(name) <= _GROUP_LONGEST for name in value):
        raise BadRetrainPolicy("drift_groups holds names of modalities or of prediction, confidence and agreement.")
    return sorted(set(value))
