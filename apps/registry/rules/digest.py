"""The digests that name a version's bytes, and a move of an alias."""

import hashlib
import json
from collections.abc import Iterable


def alias_digest(model: str, alias: str, previous: str | None, version: str | None) -> str:
    """SHA-256, as 64 hex digits, over a move of an alias: between two versions' digests, None for no version."""
    return hashlib.sha256(json.dumps([model, alias, previous, version], separators=(",", ":")).encode()).hexdigest()


def version_digest(files: Iterable[tuple[str, str, int]]) -> str:
    """SHA-256, as 64 hex digits, over (path, sha256, size) of every file, whatever their order.

    JSON keeps it unambiguous: no path can look like the end of one entry and the start of the next.
    """
    listed = sorted([path, sha256, size] for path, sha256, size in files)
    return hashlib.sha256(json.dumps(listed, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()
