"""Byte ranges of a file (RFC 9110, section 14): what a player asks for when somebody moves its cursor."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    def header(self, size: int) -> str:
        """As Content-Range tells it."""
        return f"bytes {self.first}-{self.last}/{size}"


class Unsatisfiable(ValueError):
    """The range begins after the end of the file."""


def range_of(header: str, size: int) -> Range | None:
    """The one range that is asked for of `size` bytes; None for all of it, as for what is no single range.

    Raises Unsatisfiable.
    """
    asked = _ONE.fullmatch(header.replace(" ", ""))
    if asked is None or not (asked[1] or asked[2]):
        return None
    if not asked[1]:  # the last so many
        first, last = max(0, size - int(asked[2])), size - 1
    else:
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        if asked[2] and int(asked[2]) < int(asked[1]):
            return None
    if first > last:
        raise Unsatisfiable
    return Range(first, last)
