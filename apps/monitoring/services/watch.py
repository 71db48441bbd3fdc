"""One look at everything that alerts tell of, taken by whichever control worker claims it."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from apps.core.clock import now
from apps.monitoring import selectors
from apps.monitoring.models import AlertWatch
from apps.monitoring.rules.counters import Counter, rising, seen
from apps.monitoring.rules.wording import records_lost, silence
from apps.monitoring.services.alerts import findings_apply
from apps.monitoring.services.judging import objectives_judge

log = structlog.get_logger(__name__)

#: Seconds from one look to the next.
PERIOD = 12.0
#: For so long nobody else looks; less than the period, so that one that is late loses no turn.
_CLAIM = timedelta(seconds=PERIOD - 2)
#: Seconds without a word of any gateway.
_SILENCE = 20.0
#: A counter that has not risen for so long is calm.
_CALM = timedelta(minutes=10)


def alerts_watch() -> bool:
    """Look once, unless another control worker just did; returns whether this one looked."""
    if not _claimed():
        return False
    for step in _STEPS:
        try:
            step()
        except Exception:
            log.exception("a part of the watch failed", part=step.__name__)
    return True


def _claimed() -> bool:
    moment = now()
    AlertWatch.objects.get_or_create(pk=1, defaults={"due_at": moment})
    return bool(AlertWatch.objects.filter(pk=1, due_at__lte=moment).update(due_at=moment + _CLAIM))


def replicas_look() -> None:
    """Live revisions that nothing serves, and revisions whose replicas have no place."""
    findings_apply(rule="replicas", findings=selectors.replicas_missing(), why="It has its replicas.")


def rollouts_look() -> None:
    """Rollouts that failed or were rolled back, as long as no later revision answers them."""
    findings_apply(rule="rollout", findings=selectors.rollouts_unanswered(), why="A later revision was asked for.")


def webhooks_look() -> None:
    """Endpoints that Quartet switched off."""
    findings_apply(rule="webhook", findings=selectors.webhooks_off(), why="It is active again, or gone.")


def silence_look() -> None:
    """Deployments are live and no gateway is heard."""
    behind = selectors.seconds_behind()
    quiet = selectors.anything_live() and (behind is None or behind > _SILENCE)
    findings_apply(rule="silence", findings=[silence()] if quiet else [], why="A gateway is heard again.")


def records_look() -> None:
    """Counters of what could not be written down that rose within the last minutes."""
    watch, moment = AlertWatch.objects.get(pk=1), now().timestamp()
    before = {name: Counter(*kept) for name, kept in watch.counters.items()}
    present = selectors.loss_counters()
    after = {name: seen(before.get(name), count, moment, _CALM.total_seconds()) for name, (_, count) in present.items()}
    if after != before:
        AlertWatch.objects.filter(pk=1).update(counters={name: list(counter) for name, counter in after.items()})
    findings = [
        records_lost(name, present[name][0], counter.value - counter.base)
        for name, counter in after.items()
        if rising(counter, moment, _CALM.total_seconds())
    ]
    findings_apply(rule="records", findings=findings, why="None was lost for 10 minutes.")


_STEPS: tuple[Callable[[], object], ...] = (
    objectives_judge,
    replicas_look,
    rollouts_look,
    silence_look,
    records_look,
    webhooks_look,
)
