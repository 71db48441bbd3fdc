"""What the two revisions of a canary answered, as predictions."""

from apps.inference.services import predictions_add
from tests.inference.records import record

COUNT = 40
WIDE = {"failed": 0.3, "slower": 0.4, "unsure": 0.4, "labels": 0.4, "wrong": 0.3}


def answered(revision: int, *, error: str = "", latency_ms: float = 5.0, label: str = "7", count: int = COUNT) -> None:
    """So many predictions of the revision that were the same."""
    fields = {"revision": revision, "error": error, "latency_ms": latency_ms}
    given = {"labels": [] if error else [label], "confidences": [] if error else [0.9]}
    predictions_add(records=[record(**fields, **given) for _ in range(count)])
