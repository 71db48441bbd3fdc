"""Taking ground truth: before the record of its prediction, after it, or twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.db.models.lookups import IsNull

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
#: What a correction changes.
_SAID = ["truth", "given_by", "given_at", "source", "history", "allowed"]
#: Whether the record of a row's prediction is still to come. A value of each row, not an Exists: that is joined, and
#: the planner, which cannot know that a row's time leaves one partition to look in, may read all predictions there are.
_AWAITED = IsNull(
    Subquery(Prediction.objects.filter(at=OuterRef("at"), id=OuterRef("prediction")).values("revision")[:1]), True
)

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
    nothing; another one for the same sample corrects it and keeps the former in its history. Of what was said before
    the record came, the newest that fits it counts, once it is here.
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
        self._look_again(stored.values())
        changed: list[Feedback] = []
        taken = [
            Taken(each, REFUSED, error=refusal) if refusal else self._one(each, stored, changed)
            for each, refusal in zip(rows, refusals, strict=True)
        ]
        Feedback.objects.bulk_update(changed, _SAID)
        return taken

    def _refusal(self, given: Given) -> CallerError | None:
        prediction = self.known.get(given.prediction)
        if prediction is None:
            return _absent(given.prediction, standing(given.prediction, self.moment))
        if refusal := deployment_allowed(self.allowed, prediction.deployment):
            return refusal
        return unfit(prediction, given.sample, given.truth, self.outputs)

    def _stored(self, good: Sequence[Given]) -> dict[tuple[UUID, int], Feedback]:
        """The row of each, made where there was none, and locked: in one step, so that none is deleted in between."""
        keys = {(each.prediction, each.sample): each for each in reversed(good)}
        rows = [self._new(each) for _, each in sorted(keys.items())]
        Feedback.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["prediction", "sample"], update_fields=["sample"]
        )
        locked = Feedback.objects.filter(pk__in=[row.pk for row in rows]).select_related("given_by")
        stored = {(row.prediction, row.sample): row for row in locked}
        self.new = {key for key, row in stored.items() if row.given_at == self.moment}
        return stored

    def _look_again(self, rows: Iterable[Feedback]) -> None:
        """Some predictions came, and their rows were bound, while the locks were waited for."""
        self.known |= predictions_by_id({row.prediction for row in rows if row.bound_at} - self.known.keys())

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
        if row.bound_at and (refusal := self._refusal(given)):
            return Taken(given, REFUSED, error=refusal)
        if row.truth == given.truth:
            fresh = RECORDED if row.bound_at else WAITING
            status = fresh if key in self.new else UNCHANGED
            if not row.bound_at and self._widen(row):
                changed.append(row)
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

    def _widen(self, row: Feedback) -> bool:
        """Whether this key speaks of a deployment that those who said the same of a waiting row did not speak of."""
        if not row.allowed or (self.allowed and set(self.allowed) <= set(row.allowed)):
            return False
        row.allowed = sorted({*row.allowed, *self.allowed}) if self.allowed else []
        return True


def feedback_bind() -> int:
    """Bind feedback that waited to predictions that have come; returns how much was bound.

    Of what was said of a sample while it waited, the newest that fits its prediction counts. What does not fit is
    deleted, counted and told to the operator: whoever gave it has long gone. What waits for a prediction that never
    comes keeps nothing behind it from being bound.
    """
    if not Feedback.objects.filter(bound_at=None).exists():
        return 0
    with transaction.atomic():
        erasures_held_off()
        come = Feedback.objects.filter(~Q(_AWAITED), bound_at=None).order_by("given_at").select_related("given_by")
        waiting = list(come.select_for_update(of=("self",), skip_locked=True)[:_BIND_AT_ONCE])
        known = predictions_by_id({row.prediction for row in waiting})
        binding = _Binding(waiting)
        for row in waiting:
            if prediction := known.get(row.prediction):
                binding.judge(row, prediction)
        binding.write()
    return len(binding.plain) + len(binding.told_apart)


class _Binding:
    """Tells what fits from what does not, among rows that are locked."""

    def __init__(self, waiting: Sequence[Feedback]) -> None:
        self.at = database_now()
        self.outputs = LabelOutputs()
        #: Who gave what was corrected while it waited; its history has their names.
        self.givers = User.objects.in_bulk(
            {told["given_by"] for row in waiting for told in row.history}, field_name="username"
        )
        self.plain: list[Feedback] = []
        self.told_apart: list[Feedback] = []
        self.misfits: list[Feedback] = []
        self.refused = 0

    def judge(self, row: Feedback, prediction: Prediction) -> None:
        """Bind the row, or have it deleted where nothing of it fits."""
        self.givers[row.given_by.username] = row.given_by
        said = [*row.history, _told(row)]
        fit = [told for told in said if self._fits(told, row.sample, prediction)]
        self.refused += len(said) - len(fit)
        row.deployment, row.bound_at = prediction.deployment, self.at
        if not fit:
            self.misfits.append(row)
        elif not row.history:
            self.plain.append(row)
        else:
            *before, last = fit
            row.history = [{name: value for name, value in told.items() if name != "allowed"} for told in before]
            row.truth, row.source, row.allowed = last["truth"], last["source"], []
            row.given_by, row.given_at = self.givers[last["given_by"]], datetime.fromisoformat(last["given_at"])
            self.told_apart.append(row)

    def write(self) -> None:
        """Write down what was found, and count what was refused."""
        Feedback.objects.bulk_update(self.plain, ["deployment", "bound_at"])
        Feedback.objects.bulk_update(self.told_apart, [*_SAID, "deployment", "bound_at"])
        Feedback.objects.filter(pk__in=[row.pk for row in self.misfits]).delete()
        if self.refused:
            log.warning("feedback that waited does not fit its prediction", count=self.refused)
            tally_add(feedback_refused=self.refused)

    def _fits(self, told: Mapping[str, Any], sample: int, prediction: Prediction) -> bool:
        if "allowed" not in told or told["given_by"] not in self.givers:
            return False  # of before keys were remembered, or of somebody who has gone
        refusal = deployment_allowed(told["allowed"], prediction.deployment)
        return not (refusal or unfit(prediction, sample, told["truth"], self.outputs))


def feedback_expire() -> int:
    """Give up feedback whose prediction never came, and count it; returns how much."""
    with transaction.atomic():
        expired = Feedback.objects.filter(_AWAITED, bound_at=None, given_at__lt=Now() - _WAITS).delete()[0]
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


def _absent(prediction: UUID, what: Standing) -> CallerError | None:
    if what is Standing.AWAITED:
        return None
    if what is Standing.GONE:
        return PredictionGone(f"There is no prediction {prediction}: {what.value}.")
    return UnknownPrediction(f"{prediction} cannot be a prediction: {what.value}.")


def _told(row: Feedback) -> dict[str, Any]:
    """As history has it; while the row waits, with the deployments of which the giver's key may speak."""
    told = {
        "truth": row.truth,
        "given_by": row.given_by.username,
        "given_at": row.given_at.isoformat(),
        "source": row.source,
    }
    return told if row.bound_at else told | {"allowed": row.allowed}
