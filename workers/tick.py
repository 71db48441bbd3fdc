"""What the control worker does each second, in one message: most of what an idle second costs is Celery's."""

from collections.abc import Callable

import structlog

from apps.deployments.services import reconcile
from workers.deliver import deliveries_wake
from workers.observe import evidence
from workers.relay import relay_run

log = structlog.get_logger(__name__)


def tick() -> None:
    """One pass of the reconciler, then the outbox and webhooks; a step that fails does not hold up the other."""
    for step in STEPS:
        try:
            step()
        except Exception:
            log.exception("a step of the tick failed", step=step.__name__)


def reconcile_once() -> None:
    """See what Valkey shows, and bring what runs nearer to what should."""
    reconcile(evidence=evidence())


STEPS: tuple[Callable[[], object], ...] = (reconcile_once, relay_run, deliveries_wake)
