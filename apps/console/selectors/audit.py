"""The audit trail as sentences."""

from dataclasses import dataclass

from apps.console.sentences import MINOR, Sentence, sentence
from apps.core.models import AuditEntry

PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Sentences, newest first; `older` is the sequence to go on from, None at the end."""

    sentences: list[Sentence]
    older: int | None


def last_changes(limit: int = 7) -> list[Sentence]:
    """The last things worth telling; steps in between are left out."""
    return [sentence(entry) for entry in AuditEntry.objects.exclude(action__in=MINOR).order_by("-sequence")[:limit]]


def audit_page(*, target: str = "", before: int | None = None) -> AuditPage:
    """Entries older than `before`, of one target (`<kind>:<name>`) or of all."""
    entries = AuditEntry.objects.order_by("-sequence")
    if target:
        entries = entries.filter(target=target)
    if before is not None:
        entries = entries.filter(sequence__lt=before)
    found = list(entries[: PAGE + 1])
    return AuditPage([sentence(each) for each in found[:PAGE]], found[PAGE - 1].sequence if len(found) > PAGE else None)
