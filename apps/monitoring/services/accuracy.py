"""Keeping the ledger of accuracy short. It is written by the database's own triggers (migration 0002)."""

from datetime import timedelta

from django.db import connection, transaction

from apps.core.clock import now
from apps.deployments.rules.recording import DEFAULTS
from apps.deployments.selectors import record_keep
from apps.monitoring.models import AccuracyCount

_LOCK = 0x5155_4143
#: The longest window that is read, in days.
_KEEP_DAYS = 7
_FOLD = """
with taken as (
    delete from monitoring_accuracycount where not folded
    returning deployment, revision, start, predictions, labelled, "right"
)
insert into monitoring_accuracycount as kept (deployment, revision, start, predictions, labelled, "right", folded)
select deployment, revision, start, sum(predictions), sum(labelled), sum("right"), true
from taken group by 1, 2, 3 order by 1, 2, 3
on conflict (deployment, revision, start) where folded do update set
    predictions = kept.predictions + excluded.predictions,
    labelled = kept.labelled + excluded.labelled,
    "right" = kept."right" + excluded."right"
"""


def accuracy_fold() -> None:
    """Put the rows that were added into one a minute: the same sums in fewer rows, for readers at every moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
        if cursor.fetchone() == (True,):  # else somebody else does it
            cursor.execute(_FOLD)


def accuracy_expire() -> None:
    """Delete what no window reaches, and what tells of days whose predictions were dropped as past their keep.

    A day later than those, so that no minute is left of which the rest is still subtracted.
    """
    longest = max([DEFAULTS["keep_days"], *record_keep().values()])
    oldest = now() - timedelta(days=min(_KEEP_DAYS, longest) + 1)
    AccuracyCount.objects.filter(start__lt=oldest).delete()
