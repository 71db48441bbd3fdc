"""What may still change in a version: whether its files are whole, and how much memory it takes."""

from django.db import transaction

from apps.core import audit, outbox
from apps.core.models import User
from apps.registry.events import VersionCorrupted
from apps.registry.models import ModelVersion


def version_mark_corrupt(*, version_id: int, path: str, reason: str, reported_by: str = "") -> bool:
    """Take a version out of use because its file `path` is not what was registered; returns whether that is news.

    Versions of other models with the same digest share the files, and so the fate. Saying it twice changes nothing.
    """
    with transaction.atomic():
        digest = ModelVersion.objects.values_list("digest", flat=True).get(pk=version_id)
        versions = _locked(digest, ModelVersion.State.READY)
        for version in versions:
            _set_state(version, ModelVersion.State.CORRUPT, reason)
            audit.record(
                actor=None,
                action="version.corrupt",
                target=f"version:{version}",
                path=path,
                reason=reason,
                reported_by=reported_by,
            )
            outbox.emit(VersionCorrupted(version_id=version.pk, path=path))
    return bool(versions)


def version_heal(*, actor: User, digest: str) -> None:
    """Put versions with this digest back into use, now that `actor` brought their bytes again and all were checked."""
    with transaction.atomic():
        for version in _locked(digest, ModelVersion.State.CORRUPT):
            _set_state(version, ModelVersion.State.READY, "")
            audit.record(actor=actor, action="version.heal", target=f"version:{version}", digest=digest)


def version_memory_measured(*, version_id: int, memory_bytes: int) -> bool:
    """Keep the most memory that a replica of this version was seen to take; returns whether it grew."""
    with transaction.atomic():
        version = (
            ModelVersion.objects.select_for_update(of=("self",), no_key=True).select_related("model").get(pk=version_id)
        )
        if version.memory_bytes is not None and version.memory_bytes >= memory_bytes:
            return False
        version.memory_bytes = memory_bytes
        version.save(update_fields=["memory_bytes"])
        audit.record(actor=None, action="version.measure", target=f"version:{version}", memory_bytes=memory_bytes)
    return True


def _locked(digest: str, state: ModelVersion.State) -> list[ModelVersion]:
    versions = ModelVersion.objects.filter(digest=digest, state=state).select_related("model")
    return list(versions.select_for_update(of=("self",), no_key=True).order_by("pk"))


def _set_state(version: ModelVersion, state: ModelVersion.State, reason: str) -> None:
    version.state, version.state_reason = state, reason
    version.save(update_fields=["state", "state_reason"])
