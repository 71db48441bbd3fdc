"""When is a request decided? Values in, a verdict out."""

from collections.abc import Iterable

OPEN, GRANTED, REJECTED = "open", "granted", "rejected"


def outcome(verdicts: Iterable[str], required: int) -> str:
    """One rejection decides; otherwise `required` approvals grant."""
    said = list(verdicts)
    if "reject" in said:
        return REJECTED
    return GRANTED if said.count("approve") >= required else OPEN
