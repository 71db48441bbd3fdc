"""A small cache of bytes in a directory, for data that is slow to make and can always be made again.

A reader never sees half an entry: it is written beside its place, then renamed. An entry carries its own sha256, so a
damaged one is made again instead of used. The directory is bounded: entries not used for longest go first.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

_DIGEST_SIZE = hashlib.sha256().digest_size
_ENTRY, _UNFINISHED = ".entry", ".unfinished"
#: No writer takes this long, so an older unfinished file was left by one that was killed.
_ABANDONED_AFTER_S = 600


def default_directory() -> Path:
    """`cache` under QUARTET_HOME, which by default is `.quartet` in the checkout."""
    checkout = Path(__file__).resolve().parents[3]
    return Path(os.environ.get("QUARTET_HOME") or checkout / ".quartet") / "cache"


class Cache:
    """Bytes by name under `directory`, at most `max_bytes` of them. Safe to share between processes."""

    def __init__(self, directory: Path | None = None, max_bytes: int = 200_000_000) -> None:
        self.directory = directory or default_directory()
        self.max_bytes = max_bytes

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The entry's content, made now and kept if there is none. A cache that cannot be written only costs time."""
        content = self._read(name)
        if content is None:
            content = make()
            try:
                self._write(name, content)
            except OSError as error:
                logger.warning("Could not keep %s in the cache: %s. It will be made again next time.", name, error)
        return content

    def _read(self, name: str) -> bytes | None:
        path = self.directory / (name + _ENTRY)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        digest, content = stored[:_DIGEST_SIZE], stored[_DIGEST_SIZE:]
        if hashlib.sha256(content).digest() != digest:
            logger.warning("%s is damaged; it is made again.", path)
            return None
        with suppress(OSError):  # the time of last use; a read-only cache does without
            os.utime(path)
        return content

    def _write(self, name: str, content: bytes) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(suffix=_UNFINISHED, dir=self.directory)
        unfinished = Path(path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            unfinished.replace(self.directory / (name + _ENTRY))
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        self._tidy(keep=name + _ENTRY)

    def _tidy(self, keep: str) -> None:
        """Remove what killed writers left, then the least recently used entries beyond the bound."""
        for left in self.directory.glob("*" + _UNFINISHED):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _ABANDONED_AFTER_S:
                    left.unlink()
        spare = self.max_bytes
        for path, size in self._entries_by_use():
            spare -= size
            if spare < 0 and path.name != keep:
                path.unlink(missing_ok=True)

    def _entries_by_use(self) -> list[tuple[Path, int]]:
        """(path, bytes), the most recently used first."""
        found = []
        for path in self.directory.glob("*" + _ENTRY):
            with suppress(FileNotFoundError):  # another process may be tidying too
                status = path.stat()
                found.append((status.st_mtime, path, status.st_size))
        return [(path, size) for _, path, size in sorted(found, reverse=True)]
