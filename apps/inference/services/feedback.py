"""Taking ground truth: before the record of its prediction, after it, or twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from apps.core.clock import database_now
from apps.core.errors import CallerError
from apps.core.models import User
from apps.inference.access import deployment_allowed
from apps.inference.errors import NoSuchSample, PredictionGone, TruthRefused, UnknownPrediction
from apps.inference.models import Feedback, Prediction
from apps.inference.rules.ids import Standing, moment, standing
from apps.inference.selectors.predictions import LabelOutputs, predictions_by_id
from apps.inference.services.erasure import erasures_held_off
from apps.inference.services.predictions import tally_add
from apps.registry.rules.roles import truth_fault

log = structlog.get_logger(__name__)

#: Feedback given at once.
ROWS_MOST = 1000
#: How long feedback waits for the record of its prediction.
_WAITS = timedelta(hours=1)
_BIND_AT_ONCE = 1000
#: Whether the record of a row's prediction is here; its time has it looked for in one partition.
_COME = Exists(Prediction.objects.filter(at=OuterRef("at"), id=OuterRef("prediction")))

RECORDED, CORRECTED, UNCHANGED, WAITING, REFUSED = "recorded", "corrected", "unchanged", "waiting", "refused"


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody says was true of one sample."""

    prediction: UUID
    truth: str
    sample: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it: one of the words above, with the row or else with the error."""

    given: Given
    status: str
    row: Feedback | None = None
    error: CallerError | None = None


def feedback_give(*, actor: User, allowed: Sequence[str], rows: Sequence[Given]) -> list[Taken]:
    """Take each row, in order; a row that is refused keeps no other from being taken.

    `allowed` are the deployments of which the actor's key may speak, empty for every one. The same truth again changes
    nothing; another one for the same sample corrects it and keeps the former in its history.
    """
    with transaction.atomic():
        erasures_held_off()  # else one that is under way would miss what is bound here to a prediction that it deletes
        return _Taking(actor, allowed).take(rows)


@dataclass
class _Taking:
    """Rows under locks taken in one order, so that two givers never wait for each other in a ring."""

    actor: User
    allowed: Sequence[str]
    outputs: LabelOutputs = field(default_factory=LabelOutputs)

    def take(self, rows: Sequence[Given]) -> list[Taken]:
        self.moment = database_now()
        self.known = predictions_by_id({each.prediction for each in rows})
        refusals = [self._refusal(each) for each in rows]
        good = [each for each, refusal in zip(rows, refusals, strict=True) if refusal is None]
        stored = self._stored(good)
        changed: list[Feedback] = []
        taken = [
            Taken(each, REFUSED, error=refusal) if refusal else self._one(each, stored, changed)
            for each, refusal in zip(rows, refusals, strict=True)
        ]
        Feedback.objects.bulk_update(changed, ["truth", "given_by", "given_at", "source", "history", "allowed"])
        return taken

    def _refusal(self, given: Given) -> CallerError | None:
        prediction = self.known.get(given.prediction)
        if prediction is None:
            return _absent(given.prediction, standing(given.prediction, self.moment))
        if refusal := deployment_allowed(self.allowed, prediction.deployment):
            return refusal
        return unfit(prediction, given.sample, given.truth, self.outputs)

    def _stored(self, good: Sequence[Given]) -> dict[tuple[UUID, int], Feedback]:
        """The row of each, made where there was none, and locked."""
        keys = {(each.prediction, each.sample): each for each in reversed(good)}
        there = set(_rows(keys).values_list("prediction", "sample"))
        missing = [self._new(each) for key, each in sorted(keys.items()) if key not in there]
        self.new = {(row.prediction, row.sample) for row in missing}
        Feedback.objects.bulk_create(missing, ignore_conflicts=True)
        locked = _rows(keys).select_related("given_by").order_by("prediction", "sample")
        return {(row.prediction, row.sample): row for row in locked.select_for_update(of=("self",))}

    def _new(self, given: Given) -> Feedback:
        prediction = self.known.get(given.prediction)
        at = moment(given.prediction)
        assert at is not None
        return Feedback(
            prediction=given.prediction,
            at=at,
            sample=given.sample,
            truth=given.truth,
            source=given.source,
            given_by=self.actor,
            given_at=self.moment,
            deployment=prediction.deployment if prediction else "",
            bound_at=self.moment if prediction else None,
            allowed=[] if prediction else list(self.allowed),
        )

    def _one(self, given: Given, stored: dict[tuple[UUID, int], Feedback], changed: list[Feedback]) -> Taken:
        key = (given.prediction, given.sample)
        row = stored[key]
        if row.truth == given.truth:
            fresh = RECORDED if row.bound_at else WAITING
            status = fresh if key in self.new else UNCHANGED
        else:
            self._correct(row, given)
            changed.append(row)
            status = CORRECTED
        self.new.discard(key)
        return Taken(given, status, row)

    def _correct(self, row: Feedback, given: Given) -> None:
        row.history.append(_told(row))
        row.truth, row.source = given.truth, given.source
        row.given_by, row.given_at = self.actor, self.moment
        row.allowed = [] if row.bound_at else list(self.allowed)


def feedback_bind() -> int:
    """Bind feedback that waited to predictions that have come; returns how much was bound.

    What does not fit its prediction is deleted, counted and told to the operator: whoever gave it has long gone. What
    waits for a prediction that never comes keeps nothing behind it from being bound.
    """
    if not Feedback.objects.filter(bound_at=None).exists():
        return 0
    with transaction.atomic():
        erasures_held_off()
        come = Feedback.objects.filter(_COME, bound_at=None).order_by("pk")
        waiting = list(come.select_for_update(skip_locked=True)[:_BIND_AT_ONCE])
        known = predictions_by_id({row.prediction for row in waiting})
        at = database_now()
        outputs = LabelOutputs()
        bound: list[Feedback] = []
        refused: list[Feedback] = []
        for row in waiting:
            if prediction := known.get(row.prediction):
                (refused if _misfit(row, prediction, outputs) else bound).append(row)
                row.deployment, row.bound_at = prediction.deployment, at
        Feedback.objects.bulk_update(bound, ["deployment", "bound_at"])
        Feedback.objects.filter(pk__in=[row.pk for row in refused]).delete()
        if refused:
            log.warning("feedback that waited does not fit its prediction", count=len(refused))
            tally_add(feedback_refused=len(refused))
    return len(bound)


def feedback_expire() -> int:
    """Give up feedback whose prediction never came, and count it; returns how much."""
    with transaction.atomic():
        expired = Feedback.objects.filter(~_COME, bound_at=None, given_at__lt=Now() - _WAITS).delete()[0]
        if expired:
            log.warning("feedback is given up: its prediction never came", count=expired)
            tally_add(feedback_expired=expired)
    return expired


def unfit(prediction: Prediction, sample: int, truth: str, outputs: LabelOutputs) -> CallerError | None:
    """Why this cannot have been true of a prediction's sample, or None."""
    if sample >= prediction.samples:
        return NoSuchSample(f"Prediction {prediction.id} has {prediction.samples} samples, so none is number {sample}.")
    fault = truth_fault(truth, outputs.of(prediction))
    return TruthRefused(fault) if fault else None


def _misfit(row: Feedback, prediction: Prediction, outputs: LabelOutputs) -> bool:
    refusal = deployment_allowed(row.allowed, prediction.deployment)
    return bool(refusal or unfit(prediction, row.sample, row.truth, outputs))


def _absent(prediction: UUID, what: Standing) -> CallerError | None:
    if what is Standing.AWAITED:
        return None
    if what is Standing.GONE:
        return PredictionGone(f"There is no prediction {prediction}: {what.value}.")
    return UnknownPrediction(f"{prediction} cannot be a prediction: {what.value}.")


def _rows(keys: Iterable[tuple[UUID, int]]) -> Any:
    """Of the predictions, all samples' rows: few more than are asked for."""
    return Feedback.objects.filter(prediction__in={prediction for prediction, _ in keys})


def _told(row: Feedback) -> dict[str, Any]:
    return {
        "truth": row.truth,
        "given_by": row.given_by.get_username(),
        "given_at": row.given_at.isoformat(),
        "source": row.source,
    }
