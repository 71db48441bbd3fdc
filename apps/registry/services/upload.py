"""Bringing files in: bytes gather in a staging directory that nobody but `version_register` looks at."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from apps.core import audit
from apps.core.clock import now
from apps.core.models import User
from apps.registry import access, intake, placement, storage
from apps.registry.errors import BadRange, FileBusy, UploadClosed
from apps.registry.models import ModelVersion, RegisteredModel, Upload, UploadedFile
from apps.registry.rules.limits import budget_check
from apps.registry.rules.paths import path_check, tree_check

#: An upload that nobody touched for so long is dropped.
LIFETIME = timedelta(hours=24)


def upload_start(*, actor: User, model: RegisteredModel) -> Upload:
    """Open an upload of files for a new version of `model`."""
    access.publisher(actor)
    with transaction.atomic():
        upload = Upload.objects.create(model=model, created_by=actor)
        audit.record(actor=actor, action="upload.start", target=f"model:{model.name}", upload=str(upload.pk))
    return upload


def upload_write(
    *,
    actor: User,
    upload: Upload,
    path: str,
    stream: intake.Readable,
    length: int,
    offset: int = 0,
    total: int | None = None,
    sha256: str | None = None,
) -> UploadedFile:
    """Take `length` bytes of the file `path`, from `offset` of its `total` bytes on (None: this is all of it).

    Offset 0 begins the file anew. When the last byte is there the whole is compared with `sha256`, if given, and
    takes its place. Raises BadPath, BadRange, WrongOffset, Interrupted, FileBusy, DigestMismatch, UploadTooLarge,
    UploadClosed, StorageFull or StorageUnwritable.
    """
    access.publisher(actor)
    path_check(path)
    total = offset + length if total is None else total
    if offset + length > total:
        raise BadRange(f"Bytes {offset} to {offset + length} do not fit a file of {total} bytes.")
    part = storage.part_path(upload.pk, path)
    with storage.upload_lock(upload.pk, exclusive=False), intake.part_open(part) as handle:
        intake.refuse_gap(handle, offset)
        file = _announce(upload, path, total, is_new=offset == 0)
        digest = intake.receive(handle, part, stream, offset=offset, length=length)
        if offset + length == total:
            # Bytes of an earlier request were hashed by a process that may be gone: read them once more.
            digest = digest if offset == 0 else storage.file_sha256(part)
            intake.complete(handle, part, storage.staged_files(upload.pk) / path, sha256=digest, declared=sha256)
            _finish(file, digest)
    return file


def _announce(upload: Upload, path: str, total: int, *, is_new: bool) -> UploadedFile:
    """Write down that `path` is coming in, which leaves it incomplete; refuse what does not fit the upload."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update(of=("self",), no_key=True).filter(pk=upload.pk, version=None).first()
        if locked is None:
            raise UploadClosed("This upload is registered or dropped already.")
        sizes = dict(locked.files.values_list("path", "size"))
        if not is_new and sizes.get(path) != total:
            raise BadRange(f"The file was announced with {sizes.get(path, 0)} bytes, not {total}.")
        sizes[path] = total
        tree_check(sizes)
        budget_check(sizes.values(), settings.QUARTET_UPLOAD_LIMIT)
        locked.touched_at = now()
        locked.save(update_fields=["touched_at"])
        file, _ = UploadedFile.objects.update_or_create(
            upload=locked, path=path, defaults={"size": total, "sha256": ""}
        )
    return file


def _finish(file: UploadedFile, digest: str) -> None:
    file.sha256 = digest
    file.save(update_fields=["sha256"])


def upload_discard(*, actor: User, upload: Upload) -> None:
    """Drop an upload and its files; one that became a version is left as it is."""
    access.publisher(actor)
    if upload.version_id is not None:
        raise UploadClosed(f"This upload became {upload.version}.", remedy="Versions are kept for good.")
    with storage.upload_lock(upload.pk, exclusive=True):
        with transaction.atomic():
            Upload.objects.filter(pk=upload.pk, version=None).delete()
            audit.record(
                actor=actor, action="upload.discard", target=f"model:{upload.model.name}", upload=str(upload.pk)
            )
        storage.staging_remove(upload.pk)


def uploads_expire() -> int:
    """Drop uploads that nobody touched for a day, and files that no row knows any more; returns how many uploads."""
    stale = Upload.objects.filter(touched_at__lt=now() - LIFETIME).select_related("model")
    dropped = sum(_expire(upload) for upload in stale)
    _sweep_staging()
    placement.artifacts_sweep(_is_registered, unchanged_since=(now() - LIFETIME).timestamp())
    return dropped


def _expire(upload: Upload) -> bool:
    try:
        with storage.upload_lock(upload.pk, exclusive=True), transaction.atomic():
            deleted, _ = Upload.objects.filter(pk=upload.pk, touched_at__lt=now() - LIFETIME).delete()
            if deleted and upload.version_id is None:
                audit.record(
                    actor=None, action="upload.expire", target=f"model:{upload.model.name}", upload=str(upload.pk)
                )
            return bool(deleted)
    except FileBusy:
        return False


def _sweep_staging() -> None:
    # Directories first: a row is always there before its directory.
    for upload_id in storage.staged_uploads():
        if not Upload.objects.filter(pk=upload_id, version=None).exists():
            storage.staging_remove(upload_id)


def _is_registered(digest: str) -> bool:
    return ModelVersion.objects.filter(digest=digest).exists()
