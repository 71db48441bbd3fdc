"""What the fields of a rollout's plan may be, whichever strategy it is of; `plan` is the name that errors give it."""

from collections.abc import Mapping
from typing import Any

from apps.core.bounds import whole_fault
from apps.deployments.errors import BadSpec

#: Least and most of each field that is a whole number, and its default.
NUMBERS = {
    "interval_s": (1, 86_400, 60),
    "patience_s": (1, 7 * 86_400, 900),
    "samples": (10, 1_000_000, 200),
}


def check_known(plan: str, given: Mapping[str, Any], fields: tuple[str, ...]) -> None:
    """Raises BadSpec where a field is none of these."""
    unknown = sorted(given.keys() - set(fields))
    if unknown:
        raise BadSpec(f"{plan} has {', '.join(fields)}, not {', '.join(unknown)}.")


def numbers(plan: str, given: Mapping[str, Any]) -> dict[str, int]:
    """NUMBERS with every default filled in, or BadSpec saying which is wrong."""
    found = {
        name: number(f"{plan}.{name}", given.get(name, usual), least, most)
        for name, (least, most, usual) in NUMBERS.items()
    }
    if found["patience_s"] < found["interval_s"]:
        raise BadSpec(f"{plan}.patience_s is shorter than {plan}.interval_s; use at least as long.")
    return found


def margins(plan: str, given: Mapping[str, Any], usual: Mapping[str, float]) -> dict[str, float]:
    """Each margin of `usual`, or BadSpec."""
    return {name: _margin(f"{plan}.{name}", given.get(name, default)) for name, default in usual.items()}


def number(field: str, value: Any, least: int, most: int) -> int:
    """The whole number, or BadSpec."""
    if fault := whole_fault(field, value, (least, most)):
        raise BadSpec(fault)
    return int(value)


def _margin(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise BadSpec(f"{field} is {value!r}; use a share above 0, at most 1.")
    return float(value)
