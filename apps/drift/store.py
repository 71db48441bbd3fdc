"""Where reports lie: compressed, beside the assets, in whatever storage the settings name. Knows no database."""

import gzip
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from apps.core.errors import NotFound

_FOLDER = "reports"


def write(ticket: UUID, html: str) -> tuple[str, int]:
    """Keep a page; returns its name and its size in bytes, compressed."""
    raw = gzip.compress(html.encode(), compresslevel=6, mtime=0)
    return _storage().save(f"{_FOLDER}/{ticket}.html.gz", ContentFile(raw)), len(raw)


def read(name: str) -> bytes:
    """The page as it is kept, gzip. Raises NotFound."""
    try:
        with _storage().open(name) as handle:
            raw: bytes = handle.read()
    except FileNotFoundError as error:
        raise NotFound("This report is no longer kept.", remedy="Have it made again.") from error
    return raw


def remove(name: str) -> None:
    """Delete the page, if it is there."""
    _storage().delete(name)


def remove_older(moment: datetime) -> None:
    """Delete pages that were kept before: of runs that are gone, or of a worker that ended before it could say so."""
    storage = _storage()
    with suppress(FileNotFoundError):  # none was ever made, or another sweeps, too
        for name in storage.listdir(_FOLDER)[1]:
            if storage.get_modified_time(f"{_FOLDER}/{name}") < moment:
                storage.delete(f"{_FOLDER}/{name}")


def _storage() -> Storage:
    return storages["assets"]
