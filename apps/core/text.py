"""Text that a row and an answer can hold: PostgreSQL stores neither NUL nor half a surrogate pair, UTF-8 has none of
the latter. JSON can spell both, so both arrive.
"""

import re

_UNKEPT = re.compile("[\0\ud800-\udfff]")


def can_be_kept(text: str) -> bool:
    """Whether PostgreSQL can store it."""
    return _UNKEPT.search(text) is None


def as_kept(text: str) -> str:
    """The text, with `�` for each character that cannot be stored."""
    return _UNKEPT.sub("\N{REPLACEMENT CHARACTER}", text)
