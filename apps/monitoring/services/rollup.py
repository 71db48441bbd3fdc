"""Making many short windows into few long ones, and dropping what has served its time."""

from datetime import UTC, datetime, timedelta

from django.db import transaction

from apps.core.clock import now
from apps.monitoring.models import GatewayReport, MetricWindow
from apps.monitoring.rules import COARSER, KEEP
from apps.monitoring.rules.entries import rolled
from apps.monitoring.selectors import counts_of
from apps.monitoring.services.windows import key_of, windows_merge

#: How long a gateway that is silent is remembered, with the entries of it that are counted.
KEEP_GATEWAYS = timedelta(days=7)
#: A window is rolled up so long after its end, in seconds: most of what comes late has come by then. The rest is added
#: where it belongs (windows_merge).
_SETTLED = 10
#: Windows in one transaction.
_AT_ONCE = 1000


def windows_roll() -> int:
    """Add every window that is over to the next step's, each once; returns how many were.

    A window is marked in the transaction that adds it, so one that is killed half-way has done nothing, and two at a
    time take different windows.
    """
    done = 0
    for step in COARSER:
        while number := _roll(step):
            done += number
            if number < _AT_ONCE:
                break
    return done


def windows_expire() -> int:
    """Delete windows and silent gateways past their keep; returns how many windows went. What is not rolled up
    stays."""
    GatewayReport.objects.filter(reported_at__lt=now() - KEEP_GATEWAYS).delete()
    gone = 0
    for step, keep in KEEP.items():
        over = MetricWindow.objects.filter(step=step, start__lt=now() - keep)
        gone += (over.filter(rolled=True) if step in COARSER else over).delete()[0]
    return gone


@transaction.atomic
def _roll(step: int) -> int:
    coarser = COARSER[step]
    until = datetime.fromtimestamp((now().timestamp() - _SETTLED) // coarser * coarser, UTC)
    over = MetricWindow.objects.filter(step=step, rolled=False, start__lt=until).order_by("pk")
    rows = list(over.select_for_update(skip_locked=True)[:_AT_ONCE])
    if rows:
        windows_merge(coarser, rolled({key_of(row): counts_of(row) for row in rows}, coarser))
        MetricWindow.objects.filter(pk__in=[row.pk for row in rows]).update(rolled=True)
    return len(rows)
