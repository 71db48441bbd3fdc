"""Recording what a revision in the shadow answered: in bulk, each once, beside the predictions."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from apps.core.clock import database_now, now
from apps.inference.models import Mirror
from apps.inference.rules.records import Mirrored, datable
from apps.inference.services.erasure import erased_before, erasures_held_off

#: What was measured is kept with the rollout; the answers themselves are of use while they are compared.
KEPT = timedelta(days=7)


def mirrors_add(*, mirrors: Sequence[Mirrored]) -> None:
    """Record them, each once; what is of a subject that was deleted since is not. All are committed, or none."""
    fit = datable(mirrors, database_now())
    if not fit:
        return
    with transaction.atomic():
        erasures_held_off()
        erased = erased_before({each.subject for each in fit})
        wanted = [each for each in fit if each.subject not in erased or each.at > erased[each.subject]]
        Mirror.objects.bulk_create([_row(each) for each in wanted], ignore_conflicts=True)


def mirrors_expire() -> None:
    """Delete what is past its keep."""
    Mirror.objects.filter(at__lt=now() - KEPT).delete()


def _row(mirrored: Mirrored) -> Mirror:
    return Mirror(**{name: value for name, value in mirrored._asdict().items() if name != "subject"})
