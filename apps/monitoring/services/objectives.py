"""Setting, changing and dropping objectives."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction

from apps.core import audit
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.access import OPERATE
from apps.deployments.models import Deployment
from apps.monitoring.errors import BadObjective, ObjectiveTaken
from apps.monitoring.models import Objective
from apps.monitoring.rules.objectives import ACCURACY, DAYS, LEAST, MOST_LABEL_DAYS, Promise, trouble
from apps.monitoring.services.alerts import alert_resolve

_DOING = "set objectives"


def objective_create(
    *,
    actor: User,
    deployment: Deployment,
    kind: str,
    target: float,
    within_ms: int | None = None,
    days: int | None = None,
    least: int = LEAST,
) -> Objective:
    """Promise something of a deployment. The control worker judges it at its next look, from what is kept on."""
    require(actor, OPERATE, _DOING)
    days = days or (MOST_LABEL_DAYS if kind == ACCURACY else DAYS)
    promise = _checked(Promise(kind, target, within_ms, days, least))
    with _once(deployment, promise), transaction.atomic():
        objective = Objective.objects.create(
            deployment=deployment,
            kind=kind,
            target=target,
            within_ms=within_ms,
            period_days=days,
            least=least,
            created_by=actor,
        )
        _record(actor, objective, "objective.created", promise=_in_words(promise))
    return objective


def objective_update(*, actor: User, objective: Objective, **changes: Any) -> Objective:
    """Change `target`, `days` or `least`. What stood of it is forgotten, and judged anew at the next look."""
    require(actor, OPERATE, _DOING)
    before = objective.promise
    promise = _checked(
        Promise(
            before.kind,
            changes.get("target", before.target),
            before.within_ms,
            changes.get("days", before.days),
            changes.get("least", before.least),
        )
    )
    if promise == before:
        return objective
    with transaction.atomic():
        fields = {"target": promise.target, "period_days": promise.days, "least": promise.least, "standing": {}}
        Objective.objects.filter(pk=objective.pk).update(**fields)
        objective.refresh_from_db()
        _record(actor, objective, "objective.changed", promise=_in_words(promise), was=_in_words(before))
    return objective


def objective_delete(*, actor: User, objective: Objective) -> None:
    """Take a promise back, with what was counted for it; its alert is over."""
    require(actor, OPERATE, _DOING)
    with transaction.atomic():
        # The alert's row before the trail's lock, as whoever raises one takes them.
        key = (objective.kind, objective.deployment.name, objective.promise.name)
        alert_resolve(key=key, why="The objective was taken back.")
        _record(actor, objective, "objective.deleted", promise=_in_words(objective.promise))
        objective.delete()


def _checked(promise: Promise) -> Promise:
    if reason := trouble(promise):
        raise BadObjective(reason)
    return promise


def _in_words(promise: Promise) -> str:
    return f"{promise.target * 100:.6g} % {promise.words} over {promise.days} days"


def _record(actor: User, objective: Objective, action: str, **detail: Any) -> None:
    audit.record(actor=actor, action=action, target=f"deployment:{objective.deployment.name}", **detail)


@contextmanager
def _once(deployment: Deployment, promise: Promise) -> Iterator[None]:
    """Say that there is one already where the database does."""
    try:
        yield
    except IntegrityError as error:
        raise ObjectiveTaken(f"Deployment '{deployment.name}' has an objective {promise.name} already.") from error
