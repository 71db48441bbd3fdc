"""Making an upload the next version of its model."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.errors import CallerError
from apps.core.models import User
from apps.core.permissions import require
from apps.registry import access, placement, storage
from apps.registry.errors import UploadClosed, UploadIncomplete
from apps.registry.events import VersionRegistered
from apps.registry.inspection import artifact_inspect
from apps.registry.models import Artifact, ModelVersion, RegisteredModel, Upload, UploadedFile
from apps.registry.rules.digest import version_digest
from apps.registry.rules.lineage import lineage_check
from apps.registry.rules.manifest import manifest_normalise
from apps.registry.rules.names import alias_name
from apps.registry.services.alias import alias_move
from apps.registry.services.version_state import version_heal


@dataclass(frozen=True, slots=True)
class _Draft:
    """All that is known of a version before it has a number."""

    files: list[UploadedFile]
    digest: str
    manifest: dict[str, Any]
    lineage: dict[str, str]
    parent: ModelVersion | None


def version_register(
    *,
    actor: User,
    model: RegisteredModel,
    upload: Upload,
    lineage: Mapping[str, Any] | None = None,
    parent: ModelVersion | None = None,
    alias: str | None = None,
) -> tuple[ModelVersion, bool]:
    """Make the files of `upload` the next version of `model`; returns it and whether it is new.

    Bytes that the model has already are the version that they are; sending them again mends its files if they were
    damaged. Raises UploadIncomplete, BadPath, PickleRefused, BadContents, BadManifest, BadLineage, or Forbidden for
    code from somebody who may not publish any.
    """
    access.publisher(actor)
    made_from = lineage_check(lineage or {})
    if alias is not None:
        alias_name(alias)
    if upload.model_id != model.pk:
        raise CallerError(f"This upload was started for the model '{upload.model.name}'.")
    # The second lock keeps the sweeper off the directory until the row that owns it is committed.
    with storage.upload_lock(upload.pk, exclusive=True), storage.artifacts_lock(exclusive=False):
        registered = _registered(upload)
        if registered is not None:
            return registered, False
        draft = _draft(actor, upload, made_from, parent)
        placement.place(upload.pk, draft.digest, draft.files)
        version, created = _write(actor, model, upload, draft, alias)
        storage.staging_remove(upload.pk)
    return version, created


def _registered(upload: Upload) -> ModelVersion | None:
    """What this upload became when it was registered before, by a request whose answer was lost perhaps."""
    current = Upload.objects.select_related("version__model").filter(pk=upload.pk).first()
    if current is None:
        raise UploadClosed("This upload was dropped.")
    return current.version


def _draft(actor: User, upload: Upload, lineage: dict[str, str], parent: ModelVersion | None) -> _Draft:
    files = list(upload.files.order_by("path"))
    missing = next((file for file in files if not file.sha256), None)
    if missing is not None:
        raise UploadIncomplete(f"'{missing.path}' has not come in whole.", path=missing.path)
    digest = version_digest((file.path, file.sha256, file.size) for file in files)
    locate = partial(placement.locate, upload.pk, digest)
    inspected = artifact_inspect([file.path for file in files], locate, upload.model.name)
    if inspected.has_code:
        require(actor, "registry.publish_code", "register a version that brings code of its own")
    return _Draft(files, digest, manifest_normalise(inspected.manifest), lineage, parent)


def _write(
    actor: User, model: RegisteredModel, upload: Upload, draft: _Draft, alias: str | None
) -> tuple[ModelVersion, bool]:
    with transaction.atomic():
        locked = RegisteredModel.objects.select_for_update(no_key=True).get(pk=model.pk)
        version_heal(actor=actor, digest=draft.digest)
        version = ModelVersion.objects.filter(model=locked, digest=draft.digest).select_related("model").first()
        created = version is None
        if version is None:
            version = _insert(actor, locked, draft)
        if alias is not None:
            alias_move(actor=actor, model=locked, alias=alias, version=version, reason="registered")
        Upload.objects.filter(pk=upload.pk).update(version=version)
    return version, created


def _insert(actor: User, model: RegisteredModel, draft: _Draft) -> ModelVersion:
    version = ModelVersion.objects.create(
        model=model,
        number=model.next_number,
        digest=draft.digest,
        manifest=draft.manifest,
        lineage=draft.lineage,
        parent=draft.parent,
        size_bytes=sum(file.size for file in draft.files),
        created_by=actor,
    )
    model.next_number += 1
    model.save(update_fields=["next_number"])
    Artifact.objects.bulk_create(
        Artifact(version=version, path=file.path, sha256=file.sha256, size=file.size) for file in draft.files
    )
    audit.record(
        actor=actor, action="version.register", target=f"version:{version}", digest=draft.digest, **draft.lineage
    )
    outbox.emit(
        VersionRegistered(version_id=version.pk, model=model.name, version=version.number, digest=version.digest)
    )
    return version
