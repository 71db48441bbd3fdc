"""How keys are made and how a routing snapshot is told from the one before."""

import hashlib
import json
from typing import Any

KEY_START = "qk_"


def key_hash(key: str) -> str:
    """SHA-256 hex of a whole key. A key holds 256 random bits, so a slow password hash would add cost and no safety."""
    return hashlib.sha256(key.encode()).hexdigest()


def document_digest(document: dict[str, Any]) -> str:
    """SHA-256 hex of a snapshot's content."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
