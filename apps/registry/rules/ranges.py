"""Which bytes of a file a request brings."""

import re
from dataclasses import dataclass

from apps.registry.errors import BadRange

_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `offset` on, of a file of `total` bytes."""

    offset: int
    length: int
    total: int


def span_read(content_range: str | None, content_length: int) -> Span:
    """The span that the two headers tell of; without a Content-Range, the whole file. Raises BadRange."""
    if content_range is None:
        return Span(0, content_length, content_length)
    found = _CONTENT_RANGE.fullmatch(content_range)
    if found is None:
        raise BadRange(f"The Content-Range {content_range[:80]!r} cannot be read.")
    first, last, total = map(int, found.groups())
    if not first <= last < total:
        raise BadRange(f"The Content-Range {content_range} does not fit a file of {total} bytes.")
    if last - first + 1 != content_length:
        raise BadRange(f"The Content-Range {content_range} tells of {last - first + 1} bytes; {content_length} came.")
    return Span(first, content_length, total)
