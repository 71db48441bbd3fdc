"""What the control worker does each second, or each other second where nothing runs (workers/ticker.py)."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from apps.deployments.selectors import is_at_rest
from apps.deployments.services import reconcile, watch_keep
from apps.inference.services import routing_keep, routing_look
from apps.monitoring.services import WATCH_PERIOD, alerts_watch
from apps.training.services import RETRAIN_WATCH_PERIOD, jobs_offer, leases_expire, retraining_watch
from workers.compare import comparisons
from workers.deliver import deliveries_wake
from workers.observe import evidence
from workers.post import post_wake
from workers.relay import relay_run

log = structlog.get_logger(__name__)


#: Seconds from one tick to the next, and at rest. Events wake the relay at once, whatever the pace.
PERIOD, REST = 1.0, 2.0


def tick() -> float:
    """One pass of the reconciler, then outbox, webhooks, routing, alerts and mails.

    A step that fails does not hold up the next. Returns the seconds until the next is due.
    """
    at_rest = _taken(fleet_watch)
    for step in STEPS:
        _taken(step)
    return REST if at_rest else PERIOD


def _taken(step: "Step") -> object:
    try:
        return step()
    except Exception:
        log.exception("a step of the tick failed", step=step.__name__)
        return None


def reconcile_once() -> None:
    """See what Valkey shows, and bring what runs nearer to what should."""
    seen = evidence()
    reconcile(evidence=replace(seen, comparisons=comparisons()) if seen else None)


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


def fleet_watch() -> bool:
    """A pass of the reconciler; at rest just the note that somebody watches, and a pass now and then. Whether it is."""
    at_rest = is_at_rest()
    if at_rest:
        watch_keep()
        _pass_at_rest()
    else:
        reconcile_once()
    return at_rest


STEPS: tuple[Step, ...] = (
    Seldom(leases_expire, 4.9),
    Seldom(jobs_offer, 4.9),
    relay_run,
    deliveries_wake,
    Seldom(routing_look, 1.9),
    Seldom(routing_keep, 14.9),
    Seldom(alerts_watch, WATCH_PERIOD),
    Seldom(post_wake, 4.9),
    Seldom(retraining_watch, RETRAIN_WATCH_PERIOD),
)
