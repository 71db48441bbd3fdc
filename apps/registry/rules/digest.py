"""The digest that names a version's bytes."""

import hashlib
import json
from collections.abc import Iterable


def version_digest(files: Iterable[tuple[str, str, int]]) -> str:
    """SHA-256, as 64 hex digits, over (path, sha256, size) of every file, whatever their order.

    JSON keeps it unambiguous: no path can look like the end of one entry and the start of the next.
    """
    listed = sorted([path, sha256, size] for path, sha256, size in files)
    return hashlib.sha256(json.dumps(listed, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()
