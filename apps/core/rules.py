"""The audit chain's arithmetic and the relay's pauses: values in, values out."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

#: What the first entry's `previous_hash` is.
GENESIS = "0" * 64


def entry_hash(previous_hash: str, fields: dict[str, Any]) -> str:
    """SHA-256, as 64 hex digits, over the previous hash and the entry's fields in canonical JSON."""
    return hashlib.sha256(f"{previous_hash}\n{canonical(fields)}".encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON in one spelling, the same for a value and for what PostgreSQL's jsonb gives back of it.

    jsonb keeps numbers as decimals: -0.0 comes back as 0.0, and a float of 1e16 or more as a whole number.
    """
    kept = json.loads(json.dumps(value), parse_float=_kept)
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _kept(number: str) -> int | float:
    return int(Decimal(number)) if "e+" in number else float(number) + 0.0


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number and the hash of its last entry."""

    sequence: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain is not whole, and in a sentence what is wrong there."""

    sequence: int
    words: str


def first_break(entries: Iterable[tuple[int, str, str, dict[str, Any]]], heads: Iterable[Head] = ()) -> Break | None:
    """Where the chain breaks first, or None when it is whole and holds every head of `heads`.

    `entries` are (sequence, previous_hash, hash, fields) in order of sequence.
    """
    last, known = Head(), {head.sequence: head.hash for head in heads}
    for sequence, previous_hash, own_hash, fields in entries:
        if words := _flaw(last, sequence, previous_hash, own_hash, fields):
            return Break(last.sequence + 1, words)
        if known.pop(sequence, own_hash) != own_hash:
            return Break(sequence, f"Entry {sequence} is another than the head that was kept says.")
        last = Head(sequence, own_hash)
    beyond = max(known, default=0)
    if beyond > last.sequence:
        missing = _numbered(last.sequence + 1, beyond)
        return Break(last.sequence + 1, f"The end is cut off: {missing} missing, and nothing comes after.")
    return None


def _flaw(last: Head, sequence: int, previous_hash: str, own_hash: str, fields: dict[str, Any]) -> str:
    """What is wrong with an entry that stands behind `last`, or an empty text."""
    expected = last.sequence + 1
    if sequence > expected:
        return f"{_numbered(expected, sequence - 1).capitalize()} missing."
    if sequence < expected:
        return f"Entry {sequence} should not be there: the first is number 1."
    if previous_hash != last.hash:
        return f"Entry {sequence} does not continue the one before it: entries stand in another order or were replaced."
    if own_hash != entry_hash(previous_hash, fields):
        return f"Entry {sequence} was changed: its content does not have its hash."
    return ""


def _numbered(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


def retry_pause(attempts: int) -> timedelta:
    """How long an event rests after `attempts` failed tries: doubling from 1 s to 5 min."""
    return timedelta(seconds=min(300, 2 ** min(attempts - 1, 9)))
