"""Deleting what is recorded of a subject, also what is still on its way."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core import audit
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import require
from apps.datasets.models import Asset
from apps.datasets.services import assets_forget, samples_erase
from apps.inference.models import Feedback, KeptInput, Mirror, Prediction, SubjectErasure
from apps.inference.rules.subjects import subject_digest

DELETE = "inference.delete_prediction"
_LOCK = 0x5155_5355
#: What was on its way when a subject was deleted has come by then, or never will.
_REMEMBERED = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows and files went."""

    predictions: int
    feedback: int
    assets: int
    samples: int = 0


def subject_erase(*, actor: User, subject: str) -> Erased:
    """Delete its predictions, their feedback, their samples in dataset versions, and the assets that nothing else
    refers to. Repeating it is no error.

    The audit trail, which nothing is deleted from, names the subject by its SHA-256 only.
    """
    require(actor, DELETE, "delete what is recorded of a subject")
    with transaction.atomic():
        _lock(shared=False)
        SubjectErasure.objects.update_or_create(digest=subject_digest(subject), defaults={"at": Now()})
        found = Prediction.objects.filter(subject=subject)
        ids = list(found.values_list("id", flat=True))
        feedback = Feedback.objects.filter(prediction__in=ids).delete()[0]
        Mirror.objects.filter(prediction__in=ids).delete()
        links = KeptInput.objects.filter(prediction__in=ids)
        assets = set(links.values_list("asset_id", flat=True))
        links.delete()
        samples, freed = samples_erase(subject=subject_digest(subject))
        predictions = found.delete()[0]
        forgotten = assets_forget(among=Asset.objects.filter(pk__in=assets | freed))
        erased = Erased(predictions, feedback, forgotten, samples)
        audit.record(
            actor=actor,
            action="subject.deleted",
            target=f"subject:sha256:{subject_digest(subject)}",
            predictions=predictions,
            feedback=feedback,
            assets=forgotten,
            samples=samples,
        )
    return erased


def erased_before(subjects: Collection[str]) -> dict[str, datetime]:
    """Of these subjects, those that were deleted lately, with when."""
    digests = {subject_digest(subject): subject for subject in subjects if subject}
    if not digests:
        return {}
    found = SubjectErasure.objects.filter(digest__in=digests).values_list("digest", "at")
    return {digests[digest]: at for digest, at in found}


def erasures_held_off() -> None:
    """Let no subject be deleted until this transaction ends: it would not see what is being written here."""
    _lock(shared=True)


def erasures_expire() -> None:
    """Forget the deletions of so long ago that nothing from before them can come any more."""
    SubjectErasure.objects.filter(at__lt=now() - _REMEMBERED).delete()


def _lock(*, shared: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"select pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [_LOCK])
