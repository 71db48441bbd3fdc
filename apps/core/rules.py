"""The audit chain's arithmetic and the relay's pauses: values in, values out."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

#: What the first entry's `previous_hash` is.
GENESIS = "0" * 64


def entry_hash(previous_hash: str, fields: dict[str, Any]) -> str:
    """SHA-256, as 64 hex digits, over the previous hash and the entry's fields in canonical JSON."""
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous_hash}\n{canonical}".encode()).hexdigest()


def first_break(entries: Iterable[tuple[int, str, str, dict[str, Any]]]) -> int | None:
    """The sequence number where the chain breaks, or None when it is whole.

    `entries` are (sequence, previous_hash, hash, fields) in order of sequence.
    """
    expected_sequence, previous = 1, GENESIS
    for sequence, previous_hash, own_hash, fields in entries:
        if sequence != expected_sequence or previous_hash != previous or own_hash != entry_hash(previous, fields):
            return expected_sequence
        expected_sequence, previous = sequence + 1, own_hash
    return None


def retry_pause(attempts: int) -> timedelta:
    """How long an event rests after `attempts` failed tries: doubling from 1 s to 5 min."""
    return timedelta(seconds=min(300, 2 ** min(attempts - 1, 9)))
