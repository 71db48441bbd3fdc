"""When is a request decided, and by whose word? Values in, a verdict out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.core.rules import canonical

OPEN, GRANTED, REJECTED = "open", "granted", "rejected"


def outcome(verdicts: Iterable[str], required: int) -> str:
    """One rejection decides; otherwise `required` approvals grant."""
    said = list(verdicts)
    if "reject" in said:
        return REJECTED
    return GRANTED if said.count("approve") >= required else OPEN


@dataclass(frozen=True, slots=True)
class Terms:
    """How many people must approve, and the groups (ids) to every one of which each of them must belong."""

    required: int
    groups: frozenset[int] = frozenset()


def stricter(opened: Terms, present: Terms) -> Terms:
    """What holds for a request whose policy changed since it was opened: whatever asks for more."""
    return Terms(max(opened.required, present.required), opened.groups | present.groups)


def evidence_digest(evidence: dict[str, Any]) -> str:
    """SHA-256, as 64 hex digits, over the evidence in canonical JSON: what reviewers were shown besides the subject."""
    return hashlib.sha256(canonical(evidence).encode()).hexdigest()
