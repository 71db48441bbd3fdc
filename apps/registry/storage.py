"""Where files lie under QUARTET_HOME, and moving them there safely. Knows paths and bytes, no database.

staging/<upload id>/parts/<file id>   bytes still coming in
staging/<upload id>/files/<path>      complete files
artifacts/<digest>/<path>             registered files, read-only
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings

from apps.registry.errors import FileBusy, StorageFull, StorageUnwritable

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def artifacts_root() -> Path:
    """The directory of all registered files."""
    return Path(settings.QUARTET_HOME) / "artifacts"


def artifact_directory(digest: str) -> Path:
    """The directory of registered files with that digest, whether or not it is there yet."""
    return artifacts_root() / digest


def staging_root() -> Path:
    """The directory of all uploads' directories."""
    return Path(settings.QUARTET_HOME) / "staging"


def staged_files(upload_id: UUID) -> Path:
    """The complete files of one upload."""
    return staging_root() / str(upload_id) / "files"


def part_path(upload_id: UUID, path: str) -> Path:
    """Where the bytes of one file gather while they come in."""
    return staging_root() / str(upload_id) / "parts" / hashlib.sha256(path.encode()).hexdigest()


def staged_uploads() -> list[UUID]:
    """The uploads that have a directory."""
    root = staging_root()
    names = [entry.name for entry in root.iterdir()] if root.exists() else []
    return [UUID(name) for name in names if _UUID.fullmatch(name)]


def staging_remove(upload_id: UUID) -> None:
    """Delete whatever an upload left on disk."""
    shutil.rmtree(staging_root() / str(upload_id), ignore_errors=True)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turns a full or read-only disk into an error that tells the operator what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk that holds the artifacts is full.") from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise StorageUnwritable("The artifacts' directory cannot be written to.") from error
        raise


def directory_sync(directory: Path) -> None:
    """Make renames into `directory` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 hex digits, read in chunks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def _flock(path: Path, how: int) -> Iterator[bool]:
    """Hold a kernel lock on `path`; yields whether it was got. It falls with the process: a crash leaves none."""
    with disk_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    with handle:
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            yield False
        else:
            yield True


def artifacts_lock(*, exclusive: bool) -> AbstractContextManager[bool]:
    """Keeps the sweeper of unregistered artifacts away from registrations; says whether the lock was got.

    Registrations share it and wait; the sweeper takes it alone and does not wait.
    """
    how = fcntl.LOCK_EX | fcntl.LOCK_NB if exclusive else fcntl.LOCK_SH
    return _flock(artifacts_root() / ".lock", how)


@contextmanager
def upload_lock(upload_id: UUID, *, exclusive: bool) -> Iterator[None]:
    """Writers of its files share this lock; who registers or drops the upload takes it alone. Raises FileBusy."""
    how = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB
    with _flock(staging_root() / str(upload_id) / ".lock", how) as got:
        if not got:
            raise FileBusy("Another request is at work on this upload.")
        yield
