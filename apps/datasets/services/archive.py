"""Freezing an archive of a directory that lists its samples: data that somebody declares from afar.

Nothing is unpacked to disk: each file becomes an asset as it comes, and one that no sample comes to name is forgotten
like every asset that nothing refers to. So a request that is cut off leaves nothing behind.
"""

import posixpath
import tarfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.core.models import User
from apps.datasets import access, rules
from apps.datasets.errors import ArchiveTooLarge, BadDataset
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Described
from apps.datasets.services.assets import Content, assets_keep
from apps.datasets.services.listed import LISTED, Line, line_read, media_type, refused
from apps.datasets.services.unpacking import content, members, opened
from apps.datasets.services.versions import version_freeze

#: One file is in memory at a time, and small ones together up to so much; bytes.
_LARGEST, _TOGETHER = 256 * 1024**2, 16 * 1024**2
_LINES_TOGETHER = 1000


def archive_freeze(
    *, actor: User, name: str, stream: Any, without: Iterable[DatasetVersion] = ()
) -> tuple[DatasetVersion, bool]:
    """Freeze what a tar archive holds, plain or compressed by gzip, bzip2 or xz, as directory_freeze does a directory.

    `stream` has `read(bytes)`. Raises BadDataset for an archive or a line that cannot be read and for a file that is
    named but not there, and ArchiveTooLarge for what is more than the limit when it is unpacked.
    """
    access.freezer(actor)
    if fault := rules.name_fault(name):
        raise BadDataset(fault)  # before anything is kept
    files = _Files()
    with opened(stream) as archive:
        files.take(archive)
    samples = files.samples()
    return version_freeze(actor=actor, name=name, samples=samples, without=without, source={"archive": name})


class _Files:
    """The files of one archive: their digests by path, and the list of samples."""

    def __init__(self) -> None:
        self.digests: dict[str, str] = {}
        self.listed: bytes | None = None
        self._waiting: dict[str, Content] = {}
        self._bytes = 0  # of those that wait
        self._left = settings.QUARTET_UPLOAD_LIMIT

    def take(self, archive: tarfile.TarFile) -> None:
        """Keep every file as it comes."""
        for member in members(archive):
            self._take(archive, member)
        self._keep()

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = posixpath.normpath(member.name)
        self._left -= member.size
        if self._left < 0 or member.size > _LARGEST:
            raise ArchiveTooLarge(
                f"At '{path[:200]}' the archive is over a limit: {settings.QUARTET_UPLOAD_LIMIT:,} bytes in all, "
                f"{_LARGEST:,} a file."
            )
        if (raw := content(archive, member)) is None:
            raise BadDataset(f"'{path[:200]}' is no file: links and devices are not taken.")
        if path == LISTED:
            self.listed = raw
            return
        self._waiting[path] = Content(raw, media_type(path))
        self._bytes += len(raw)
        if self._bytes > _TOGETHER:
            self._keep()

    def _keep(self) -> None:
        self.digests |= zip(self._waiting, _kept(self._waiting.values()), strict=True)
        self._waiting, self._bytes = {}, 0

    def samples(self) -> list[Described]:
        """What the list says, with the digests of the files that came."""
        lines, samples = self._lines(), []
        while batch := list(islice(lines, _LINES_TOGETHER)):
            texts = iter(_kept([each for line in batch for each in line.inputs.values() if isinstance(each, Content)]))
            samples += [line.described({key: self._digest(line, key, texts) for key in line.inputs}) for line in batch]
        return samples

    def _digest(self, line: Line, key: str, texts: Iterator[str]) -> str:
        value = line.inputs[key]
        return next(texts) if isinstance(value, Content) else self._found(line, value)

    def _lines(self) -> Iterator[Line]:
        if self.listed is None:
            raise BadDataset(f"There is no {LISTED} at the top of the archive.")
        try:
            lines = self.listed.decode().split("\n")
        except UnicodeDecodeError as error:
            raise BadDataset(f"{LISTED} cannot be read: {error}.") from error
        return (line_read(place, text) for place, text in enumerate(lines, start=1) if text.strip())

    def _found(self, line: Line, path: str) -> str:
        if (digest := self.digests.get(posixpath.normpath(path))) is None:
            raise refused(line.place, f"'{path[:200]}' is not in the archive")
        return digest


def _kept(contents: Iterable[Content]) -> list[str]:
    with transaction.atomic():  # nothing refers to them yet, and nothing forgets them within the hour
        return assets_keep(contents=list(contents))
