"""The bytes of assets in whatever storage the settings name: written once, verified when read. Knows no database."""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from apps.datasets.errors import AssetCorrupt, AssetMissing


def digest(raw: bytes) -> str:
    """SHA-256 of the bytes as 64 hex digits: what they are kept as."""
    return hashlib.sha256(raw).hexdigest()


def write(sha256: str, raw: bytes) -> None:
    """See that the storage has these bytes; writing them again changes nothing."""
    storage = _storage()
    if not storage.exists(_name(sha256)):
        written = storage.save(_name(sha256), ContentFile(raw))
        if written != _name(sha256):  # a storage that gives a second writer of one name another
            storage.delete(written)


def read(sha256: str) -> bytes:
    """The bytes. Raises AssetMissing, and AssetCorrupt for bytes that are no longer what was kept."""
    try:
        with _storage().open(_name(sha256)) as handle:
            raw: bytes = handle.read()
    except FileNotFoundError as error:
        raise AssetMissing(f"There is no asset {sha256}.") from error
    if digest(raw) != sha256:
        raise AssetCorrupt(f"Asset {sha256} has other bytes than were kept.")
    return raw


def remove(sha256: str) -> None:
    """Delete the bytes, if they are there."""
    _storage().delete(_name(sha256))


def _storage() -> Storage:
    return storages["assets"]


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
