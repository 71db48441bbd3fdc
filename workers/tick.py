"""What the control worker does each second, in one message: most of what an idle second costs is Celery's."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from apps.deployments.services import reconcile
from apps.inference.services import routing_keep
from workers.deliver import deliveries_wake
from workers.observe import evidence
from workers.relay import relay_run

log = structlog.get_logger(__name__)


def tick() -> None:
    """One pass of the reconciler, then outbox, webhooks and routing; a step that fails does not hold up the next."""
    for step in STEPS:
        try:
            step()
        except Exception:
            log.exception("a step of the tick failed", step=step.__name__)


def reconcile_once() -> None:
    """See what Valkey shows, and bring what runs nearer to what should."""
    reconcile(evidence=evidence())


class Seldom:
    """A step that is taken at most once in so many seconds."""

    def __init__(self, step: Callable[[], object], seconds: float) -> None:
        self.__name__ = step.__name__
        self._step = step
        self._seconds = seconds
        self._due = 0.0  # monotonic

    def __call__(self) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._seconds
            self._step()


class Step(Protocol):
    """Something to be done, with a name to tell it by."""

    __name__: str

    def __call__(self) -> object: ...


STEPS: tuple[Step, ...] = (reconcile_once, relay_run, deliveries_wake, Seldom(routing_keep, 1.9))
