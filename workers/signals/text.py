"""What a text is like.

| signal | unit | what |
|---|---|---|
| length | characters | Unicode code points |
| words | count | runs of letters and digits |
| word_length | characters | mean over the words |
| vocabulary | share | different words among the first 100, letter case ignored (type-token ratio over a fixed span, so that a longer text is not poorer by its length alone; Richards 1987) |
| letters, digits, spaces, capitals, others | share of characters | `capitals` is a share of the letters; `others` are neither letters, digits nor spaces |
| script, language | category | language.py |
"""  # noqa: E501

import re

import numpy as np

from workers.signals.finite import Signals, Value, finite
from workers.signals.language import guess

#: Characters that are looked at: signals are shares and means, which the beginning of a long text tells as well.
_MOST = 20_000
_SPAN = 100  # words
_WORD = re.compile(r"[^\W_]+")
_DIMENSIONS = 64
_PRIME = np.uint32(2_654_435_761)  # Knuth's multiplier, 2^32 over the golden ratio


def describe(value: str) -> Signals:
    """The signals of one text; of an empty one only its length and its words."""
    seen = value[:_MOST]
    words = _WORD.findall(seen)
    found: dict[str, Value | None] = {"length": len(value), "words": float(len(words))}
    if words:
        span = [word.casefold() for word in words[:_SPAN]]
        found["word_length"] = sum(map(len, words)) / len(words)
        found["vocabulary"] = len(set(span)) / len(span)
    if seen:
        found |= _shares(seen)
    return finite(found | guess(seen, words) | {"embedding": trigrams(seen)})


def _shares(seen: str) -> dict[str, float]:
    letters = sum(map(str.isalpha, seen))
    digits, spaces = sum(map(str.isdigit, seen)), sum(map(str.isspace, seen))
    shares = {"letters": letters, "digits": digits, "spaces": spaces, "others": len(seen) - letters - digits - spaces}
    told = {name: count / len(seen) for name, count in shares.items()}
    return told | ({"capitals": sum(map(str.isupper, seen)) / letters} if letters else {})


def trigrams(seen: str) -> np.ndarray | None:
    """float32 (64,): how often each character trigram comes, hashed into 64 places, of length 1; None below three.

    Character n-gram profiles tell language and topic apart (Cavnar and Trenkle 1994); square roots keep the few most
    frequent trigrams from being all that counts (Hellinger).
    """
    points = np.frombuffer(seen.casefold().encode("utf-32-le", "surrogatepass"), np.uint32)
    if len(points) < 3:
        return None
    with np.errstate(over="ignore"):  # the overflow is the hash
        hashed = ((points[:-2] * _PRIME + points[1:-1]) * _PRIME + points[2:]) * _PRIME
    counts = np.bincount(hashed >> np.uint32(26), minlength=_DIMENSIONS)
    profile: np.ndarray = np.sqrt(counts / counts.sum()).astype(np.float32)
    return profile
