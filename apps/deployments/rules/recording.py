"""What a revision says of recording: whose inputs are kept, and for how long."""

from collections.abc import Mapping
from typing import Any

from apps.core.bounds import number_fault, whole_fault, yes_or_no_fault
from apps.deployments.errors import BadSpec

#: Least and most days for which a prediction is kept.
KEEP_DAYS = (1, 3650)
DEFAULTS: dict[str, Any] = {
    "rate": 0.01,
    "below_confidence": 0.5,
    "on_error": True,
    "on_missing": True,
    "keep_days": 30,
}


def recorded(given: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with every default filled in, or BadSpec saying which field is wrong."""
    unknown = sorted(given.keys() - DEFAULTS.keys())
    if unknown:
        raise BadSpec(f"record has {', '.join(DEFAULTS)}, not {', '.join(unknown)}.")
    return {name: _CHECKS[name](f"record.{name}", given.get(name, default)) for name, default in DEFAULTS.items()}


def _share(name: str, value: Any) -> float:
    if fault := number_fault(name, value, (0, 1)):
        raise BadSpec(fault)
    return float(value)


def _yes_or_no(name: str, value: Any) -> bool:
    if fault := yes_or_no_fault(name, value):
        raise BadSpec(fault)
    return bool(value)


def _days(name: str, value: Any) -> int:
    if fault := whole_fault(name, value, KEEP_DAYS):
        raise BadSpec(fault)
    return int(value)


_CHECKS = {
    "rate": _share,
    "below_confidence": _share,
    "on_error": _yes_or_no,
    "on_missing": _yes_or_no,
    "keep_days": _days,
}
