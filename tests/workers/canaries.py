"""What the two revisions of a canary answered, as predictions, or the one in the shadow as mirrors; and the passes that
see it."""

from uuid import UUID

from apps.deployments.models import Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.services import reconcile
from apps.inference.rules.records import Mirrored
from apps.inference.services import mirrors_add, predictions_add
from tests.deployments.test_canary import age
from tests.inference.records import record
from workers import compare

COUNT = 40
WIDE = {"failed": 0.3, "slower": 0.4, "unsure": 0.4, "labels": 0.4, "wrong": 0.3}
#: Seconds after which a step that nobody can judge waits for a person: the default.
PATIENCE_S = 900


def answered(revision: int, *, error: str = "", latency_ms: float = 5.0, label: str = "7", count: int = COUNT) -> None:
    """So many predictions of the revision that were the same."""
    fields = {"revision": revision, "error": error, "latency_ms": latency_ms}
    given = {"labels": [] if error else [label], "confidences": [] if error else [0.9]}
    predictions_add(records=[record(**fields, **given) for _ in range(count)])


def mirrored(
    *, label: str = "7", error: str = "", busy_ms: float = 3.0, sure: float | None = 0.9, count: int = COUNT
) -> list[UUID]:
    """The live revision said seven each time, and the one in the shadow this."""
    asked = [record(labels=["7"], confidences=[0.9]) for _ in range(count)]
    predictions_add(records=asked)
    said = {"labels": [] if error else [label], "confidences": [] if error else [sure]}
    mirrors_add(
        mirrors=[Mirrored(each.at, each.id, "digits", 2, error, busy_ms, live_busy_ms=3.0, **said) for each in asked]
    )
    return [each.id for each in asked]


def passes(rollout: Rollout, seconds: float) -> Rollout:
    """A pass of the reconciler so many seconds after the step began, with what was recorded of it."""
    compare._due.clear()
    found = compare.comparisons()
    before = (rollout.state, rollout.step)
    began = rollout.stepped_at
    age(rollout.to_revision, seconds)
    reconcile(evidence=Evidence(comparisons=found))
    rollout.refresh_from_db()
    if (rollout.state, rollout.step) == before:
        Rollout.objects.filter(pk=rollout.pk).update(stepped_at=began)
    return rollout
