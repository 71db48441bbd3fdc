"""Moves the files of an upload to where registered files lie, and mends a directory that somebody damaged there."""

import errno
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol
from uuid import UUID

from apps.registry import storage
from apps.registry.errors import UploadIncomplete


class FileRecord(Protocol):
    """One file as it should be: path, size in bytes, sha256 as 64 hex digits."""

    path: str
    size: int
    sha256: str


def locate(upload_id: UUID, digest: str, path: str) -> Path:
    """Where a file of an upload lies: staged, or already placed by a registration that was cut short.

    Raises UploadIncomplete when it is at neither place.
    """
    for directory in (storage.staged_files(upload_id), storage.artifact_directory(digest)):
        if (directory / path).is_file():
            return directory / path
    raise UploadIncomplete(
        f"The bytes of '{path}' are gone from the disk.", remedy="Send this file again, then register."
    )


def place(upload_id: UUID, digest: str, files: Iterable[FileRecord]) -> None:
    """Make `artifacts/<digest>` hold exactly `files`: by one rename when new, else file by file where it differs."""
    staged, target = storage.staged_files(upload_id), storage.artifact_directory(digest)
    with storage.disk_errors():
        if target.exists() or not _moved_whole(staged, target):
            _mend(staged, target, list(files))


def _moved_whole(staged: Path, target: Path) -> bool:
    _freeze(staged)
    try:
        staged.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # the same bytes are being registered by another request
            return False
        raise
    storage.directory_sync(target.parent)
    return True


def _freeze(directory: Path) -> None:
    """Make the files read-only and their directory entries durable."""
    for folder, _, names in os.walk(directory):
        for name in names:
            (Path(folder) / name).chmod(0o444)
        storage.directory_sync(Path(folder))


def _mend(staged: Path, target: Path, files: list[FileRecord]) -> None:
    """Each bad file is replaced by one rename, so a reader sees the old bytes or the right ones, never half a file."""
    for file in files:
        placed, spare = target / file.path, staged / file.path
        if _is_intact(placed, file):
            continue
        if not _is_intact(spare, file):
            raise UploadIncomplete(
                f"The bytes of '{file.path}' are gone from the disk.", remedy="Send this file again, then register."
            )
        placed.parent.mkdir(parents=True, exist_ok=True)
        spare.chmod(0o444)
        spare.replace(placed)
        storage.directory_sync(placed.parent)
    _remove_strangers(target, {target / file.path for file in files})


def _is_intact(path: Path, file: FileRecord) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != file.size:
        return False
    return storage.file_sha256(path) == file.sha256


def _remove_strangers(directory: Path, known: set[Path]) -> None:
    for folder, _, names in os.walk(directory):
        for path in (Path(folder) / name for name in names):
            if path not in known:
                path.unlink()


def artifacts_sweep(is_registered: Callable[[str], bool], *, unchanged_since: float) -> int:
    """Delete directories that no version knows and that are older than a moment (Unix time); returns how many.

    They are left by a registration that died between the rename and the commit and was never tried again.
    """
    with storage.artifacts_lock(exclusive=True) as alone:
        if not alone:
            return 0
        orphans = [
            directory
            for directory in storage.artifacts_root().iterdir()
            if directory.is_dir() and directory.stat().st_ctime < unchanged_since and not is_registered(directory.name)
        ]
        for directory in orphans:
            shutil.rmtree(directory, ignore_errors=True)
        return len(orphans)
