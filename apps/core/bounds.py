"""May a field hold this value? What is wrong in a sentence, or an empty text: written once, for the policies of every
app.
"""

from typing import Any, overload


def whole_fault(name: str, value: Any, limits: tuple[int, int], *, never: bool = False) -> str:
    """Why `value` is no whole number within `limits`; with `never`, None is one as well and stands for never."""
    least, most = limits
    if value is None and never:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return ""
    return f"{name} is {value!r}; use a whole number from {least:,} to {most:,}{', or null for never' * never}."


def number_fault(name: str, value: Any, limits: tuple[float, float], kind: str = "a number") -> str:
    """Why `value` is no number within `limits`; `kind` is what the sentence calls one."""
    least, most = limits
    if isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most:
        return ""
    return f"{name} is {value!r}; use {kind} from {least:g} to {most:g}."


def yes_or_no_fault(name: str, value: Any) -> str:
    """Why `value` is neither true nor false."""
    return "" if isinstance(value, bool) else f"{name} is {value!r}; use true or false."


@overload
def whole_of(digits: str) -> int | None: ...
@overload
def whole_of(digits: str, *, nothing: int) -> int: ...
def whole_of(digits: str, *, nothing: int | None = None) -> int | None:
    """The number that a browser sent, of at most 18 digits; `nothing` where it is none."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else nothing
