"""Real sentences in several languages: the messages that Django speaks to people, with their translations."""

import gettext
import importlib.util
from functools import cache
from pathlib import Path
from typing import NamedTuple

_LEAST_WORDS = 3


class Message(NamedTuple):
    """A sentence in English, in the other language, and which part of Django says it."""

    english: str
    other: str
    part: str


@cache
def messages(language: str) -> tuple[Message, ...]:
    """All of three words or more, in the order of their text; about three hundred."""
    spec = importlib.util.find_spec("django")  # only its files are read
    assert spec and spec.origin
    found = []
    for file in sorted(Path(spec.origin).parent.rglob(f"locale/{language}/LC_MESSAGES/django.mo")):
        with file.open("rb") as opened:
            catalogue = gettext.GNUTranslations(opened)
        part = file.parents[3].name
        # What typeshed does not tell: the messages that were read, plural forms as tuples among them.
        for english, other in catalogue._catalog.items():  # type: ignore[attr-defined]
            if isinstance(english, str) and len(english.split()) >= _LEAST_WORDS:
                found.append(Message(english, other, part))
    return tuple(sorted(found))
