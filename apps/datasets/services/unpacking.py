"""The members of a tar stream, one after another, in little memory whatever its headers claim."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Self, cast

from django.conf import settings

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
#: A chain of extensions is read by recursion; numbers in headers are read as they are.
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, RecursionError, ValueError)


class _Header(tarfile.TarInfo):
    """One header. What extends it would be read into memory at once, be it as large as it claims, and so would the map
    of a sparse file. What lies between it and the next is passed over piece by piece, so a claim has its limit here:
    later its size may be another, which a global header says.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        most = _EXTENSION_MOST if found.type in _EXTENSIONS else settings.QUARTET_UPLOAD_LIMIT
        if found.size > most:
            raise ArchiveTooLarge(f"At '{found.name[:200]}' the archive is over a limit: {most:,} bytes.")
        if found.type == tarfile.GNUTYPE_SPARSE:
            raise _sparse(found)
        return found

    def _proc_gnusparse_10(self, found: tarfile.TarInfo, *_: object) -> None:
        raise _sparse(found)


def _sparse(member: tarfile.TarInfo) -> BadDataset:
    return BadDataset(f"'{member.name[:200]}' in the archive is a sparse file; pack it without --sparse.")


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise BadDataset(f"The body is no tar archive that can be read: {error}.") from error


def opened(stream: Any) -> tarfile.TarFile:
    """A tar archive that comes from `stream`, plain or compressed. Raises BadDataset where it turns out to be none, as
    do the others."""
    with _readable():
        return tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|*", tarinfo=_Header)


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each with its path and size, directories left out. The one before is no longer to be read."""
    count = 0
    while member := _next(archive):
        # It keeps them all, which is only of use where one can go back; its stub does not know.
        archive.members.clear()  # type: ignore[attr-defined]
        count += 1
        if count > MEMBERS_MOST:
            raise ArchiveTooLarge(f"The archive has more than {MEMBERS_MOST:,} members.")
        if not member.isdir():
            yield member


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    with _readable():
        member = archive.next()
    if member is not None and member.size < 0:
        raise BadDataset(f"'{member.name[:200]}' in the archive claims to have {member.size:,} bytes.")
    if member is not None and member.issparse():
        raise _sparse(member)
    return member


def content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    """What the newest member has in it; None where it is no file."""
    with _readable():
        file = archive.extractfile(member) if member.isfile() else None
        return file.read() if file else None
