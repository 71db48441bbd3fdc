"""The members of a tar stream, one after another, in little memory whatever its headers claim."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Self, cast

from apps.datasets.errors import ArchiveTooLarge, BadDataset

#: Members of an archive, directories included; and bytes of what a header may add about the next member.
MEMBERS_MOST, _EXTENSION_MOST = 1_000_000, 1024**2
_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
#: A chain of extensions is read by recursion.
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, RecursionError)


class _Header(tarfile.TarInfo):
    """One header. What extends it would be read into memory at once, be it as large as it claims."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.type in _EXTENSIONS and found.size > _EXTENSION_MOST:
            raise ArchiveTooLarge(f"A header of the archive is over its limit of {_EXTENSION_MOST:,} bytes.")
        return found


@contextmanager
def opened(stream: Any) -> Iterator[tarfile.TarFile]:
    """A tar archive that comes from `stream`, plain or compressed; BadDataset where it turns out to be none."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|*", tarinfo=_Header) as archive:
            yield archive
    except _UNREADABLE as error:
        raise BadDataset(f"The body is no tar archive that can be read: {error}.") from error


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each with its path and size, directories left out. The one before is no longer to be read."""
    count = 0
    while member := archive.next():
        # It keeps them all, which is only of use where one can go back; its stub does not know.
        archive.members.clear()  # type: ignore[attr-defined]
        count += 1
        if count > MEMBERS_MOST:
            raise ArchiveTooLarge(f"The archive has more than {MEMBERS_MOST:,} members.")
        if not member.isdir():
            yield member
