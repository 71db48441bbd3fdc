"""Runs and profiles that have served their time go."""

from datetime import timedelta

from django.db.models import Max

from apps.core.clock import now
from apps.drift.models import DriftRun, ReferenceProfile

#: How long runs are kept.
KEEP = timedelta(days=30)


def runs_expire() -> int:
    """Delete runs past their keep, but the last done of each revision, which tells how it stands; and profiles that no
    longer count and that no run was held against. Returns how many runs went."""
    done = DriftRun.objects.filter(state=DriftRun.State.DONE)
    last = done.values("deployment", "revision").annotate(last=Max("pk")).values("last")
    gone = DriftRun.objects.filter(finished_at__lt=now() - KEEP).exclude(pk__in=last)
    count = gone.count()
    gone.delete()
    newest = ReferenceProfile.objects.values("version").annotate(newest=Max("pk")).values("newest")
    ReferenceProfile.objects.filter(runs=None, created_at__lt=now() - KEEP).exclude(pk__in=newest).delete()
    return count
