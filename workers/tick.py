"""What the control worker does each second (workers/ticker.py)."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from apps.deployments.selectors import is_at_rest
from apps.deployments.services import reconcile, watch_keep
from apps.inference.services import routing_keep, routing_look
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


#: With nothing to run only nodes come and go, which need not be seen within the second.
_pass_at_rest = Seldom(reconcile_once, 4.9)


def fleet_watch() -> None:
    """A pass of the reconciler; at rest just the note that somebody watches, and a pass now and then."""
    if is_at_rest():
        watch_keep()
        _pass_at_rest()
    else:
        reconcile_once()


STEPS: tuple[Step, ...] = (
    *(fleet_watch, relay_run, deliveries_wake),
    *(Seldom(routing_look, 1.9), Seldom(routing_keep, 14.9)),
)
