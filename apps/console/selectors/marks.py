"""Moments worth a mark on a deployment's charts. Another kind is another function in KINDS."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from django.urls import reverse

from apps.deployments.models import Deployment, Rollout
from apps.drift.models import DriftRun
from apps.drift.rules.states import State
from apps.monitoring.selectors import labels_given
from apps.training.models import TrainingJob

#: How many groups labels that arrive all the time are put into, over a chart's width.
_GROUPS = 40


class Mark(NamedTuple):
    """`at` is in unix seconds; `href` leads to what the mark tells of, on this page or another."""

    at: float
    kind: Literal["rollout", "drift", "labels", "retraining"]
    text: str
    href: str


def rollout_marks(deployment: Deployment, since: float, until: float) -> Iterable[Mark]:
    """When traffic moved to another revision."""
    moved = Rollout.objects.filter(deployment=deployment, shifted_at__gte=_moment(since), shifted_at__lt=_moment(until))
    for rollout in moved.select_related("to_revision"):
        if rollout.shifted_at:
            number = rollout.to_revision.number
            yield Mark(rollout.shifted_at.timestamp(), "rollout", f"revision {number}", f"#revision-{number}")


def label_marks(deployment: Deployment, since: float, until: float) -> Iterable[Mark]:
    """When people told what was true, however old the predictions are."""
    step = max(1, round((until - since) / _GROUPS))
    for at, count in labels_given(deployment.name, _moment(since), _moment(until), step):
        yield Mark(at.timestamp(), "labels", f"{count} label{'s' if count > 1 else ''}", "#accuracy")


def drift_marks(deployment: Deployment, since: float, until: float) -> Iterable[Mark]:
    """When a run found drift, and in what."""
    runs = DriftRun.objects.filter(deployment=deployment, verdict=State.DRIFTED)
    runs = runs.filter(finished_at__gte=_moment(since), finished_at__lt=_moment(until))
    for run in runs.prefetch_related("groups"):
        if run.finished_at:
            names = ", ".join(group.name for group in run.groups.all() if group.state == State.DRIFTED)
            page = reverse("console:drift-run", args=[run.pk])
            yield Mark(run.finished_at.timestamp(), "drift", f"{names} drifted", page)


def retraining_marks(deployment: Deployment, since: float, until: float) -> Iterable[Mark]:
    """When what called for retraining had its samples, and a job began."""
    jobs = TrainingJob.objects.filter(triggers__deployment=deployment).distinct()
    for job in jobs.filter(requested_at__gte=_moment(since), requested_at__lt=_moment(until)):
        yield Mark(job.requested_at.timestamp(), "retraining", "retraining", reverse("console:job", args=[job.pk]))


KINDS: tuple[Callable[[Deployment, float, float], Iterable[Mark]], ...] = (
    rollout_marks,
    label_marks,
    drift_marks,
    retraining_marks,
)


def marks(deployment: Deployment, since: float, until: float) -> list[Mark]:
    """Of every kind, from `since` up to `until` (unix seconds), the oldest first."""
    return sorted(mark for kind in KINDS for mark in kind(deployment, since, until))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
