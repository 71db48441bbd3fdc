"""Brings a request's bytes to disk in chunks, hashing on the way; no file is ever held in memory."""

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from apps.registry import storage
from apps.registry.errors import DigestMismatch, FileBusy, Interrupted, StorageFull, WrongOffset

CHUNK = 1024 * 1024


class Readable(Protocol):
    """What bytes come from: a request or an open file."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def part_open(part: Path) -> Iterator[io.FileIO]:
    """The part file, unbuffered, for this writer alone; raises FileBusy when another has it."""
    with storage.disk_errors():
        part.parent.mkdir(parents=True, exist_ok=True)
        handle = io.FileIO(os.open(part, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileBusy("Another request is writing this file.") from error
        # Between opening and locking, another writer may have completed this very file and moved it to its place.
        if part_size(part) is None or os.fstat(handle.fileno()).st_ino != part.stat().st_ino:
            raise FileBusy("Another request has just written this file.")
        yield handle


def part_size(part: Path) -> int | None:
    """How many bytes of a file have come in so far; None when none are on their way."""
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return None


def refuse_gap(handle: io.FileIO, offset: int) -> None:
    """Raise WrongOffset unless `offset` begins the file anew or goes on where it ends."""
    size = os.fstat(handle.fileno()).st_size
    if offset not in (0, size):
        raise WrongOffset(f"{size} bytes of this file are here, so it cannot go on from byte {offset}.", offset=size)


def receive(handle: io.FileIO, part: Path, stream: Readable, *, offset: int, length: int) -> str:
    """Write `length` bytes of `stream` from `offset` on and return the SHA-256 of these bytes.

    Raises Interrupted when fewer came; those are kept. A full disk is freed of the whole part: StorageFull.
    """
    hasher, received = hashlib.sha256(), 0
    try:
        with storage.disk_errors():
            handle.truncate(offset)
            handle.seek(offset)
            for chunk in _chunks(stream, length):
                _write(handle, chunk)
                hasher.update(chunk)
                received += len(chunk)
    except StorageFull:
        part.unlink(missing_ok=True)
        raise
    if received < length:
        raise Interrupted(f"{received} of {length} bytes came, then the connection ended.", offset=offset + received)
    return hasher.hexdigest()


def _chunks(stream: Readable, length: int) -> Iterator[bytes]:
    while length > 0:
        try:
            chunk = stream.read(min(CHUNK, length))
        except OSError:  # the client went away, which Django also raises as an OSError
            return
        if not chunk:
            return
        length -= len(chunk)
        yield chunk


def _write(handle: io.FileIO, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[handle.write(view) :]


def complete(handle: io.FileIO, part: Path, target: Path, *, sha256: str, declared: str | None) -> None:
    """Move a whole file to `target`, safe from a power cut; one that is not as declared is dropped: DigestMismatch."""
    if declared is not None and declared != sha256:
        part.unlink()
        raise DigestMismatch(f"The file has the sha256 {sha256}; {declared} was declared.", sha256=sha256)
    with storage.disk_errors():
        os.fsync(handle.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
        storage.directory_sync(target.parent)
