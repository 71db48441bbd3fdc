"""Predictions of digits and what was true of them."""

from typing import Any
from uuid import UUID

from apps.inference.services import Given, feedback_bind, feedback_give, predictions_add
from apps.monitoring.models import AccuracyCount
from apps.monitoring.rules.accuracy import Tally, total
from apps.monitoring.selectors import deployment_accuracy
from tests.inference.records import record
from tests.world import World


def predicted(*labels: str, at: UUID | None = None, **fields: Any) -> UUID:
    """A prediction of these samples."""
    given = record(at, labels=list(labels), samples=len(labels), confidences=[0.9] * len(labels), **fields)
    predictions_add(records=[given])
    return given.id


def true(world: World, prediction: UUID, *truths: str | None) -> None:
    """Ada says what was true of each sample; None says nothing."""
    rows = [Given(prediction, truth, sample) for sample, truth in enumerate(truths) if truth is not None]
    assert all(taken.error is None for taken in feedback_give(actor=world.ada, allowed=[], rows=rows))
    feedback_bind()


def tally(deployment: str = "digits", window: str = "24h") -> Tally:
    """All revisions of a deployment over a window."""
    return total(deployment_accuracy(deployment, window).together())


def summed() -> Tally:
    """All that the ledger holds, of whatever time."""
    rows = AccuracyCount.objects.values_list("predictions", "labelled", "right")
    return total(Tally(*row) for row in rows)
