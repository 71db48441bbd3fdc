"""Assets are kept by what is in them: once, whole, and as they were."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage

from apps.datasets import store
from apps.datasets.errors import AssetCorrupt, AssetMissing
from apps.datasets.storage import AssetFiles

SEVEN = store.digest(b"seven")


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Each test has its own."""


def test_what_is_written_can_be_read_and_lies_under_its_digest(home: Path) -> None:
    store.write(SEVEN, b"seven")
    assert store.read(SEVEN) == b"seven"
    assert (home / "assets" / SEVEN[:2] / SEVEN).read_bytes() == b"seven"


def test_writing_it_again_changes_nothing(home: Path) -> None:
    store.write(SEVEN, b"seven")
    before = (home / "assets" / SEVEN[:2] / SEVEN).stat()
    store.write(SEVEN, b"seven")
    after = (home / "assets" / SEVEN[:2] / SEVEN).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_file_that_was_changed_is_not_given_out(home: Path) -> None:
    store.write(SEVEN, b"seven")
    (home / "assets" / SEVEN[:2] / SEVEN).write_bytes(b"eight")
    with pytest.raises(AssetCorrupt):
        store.read(SEVEN)


def test_one_that_is_not_there_is_missing() -> None:
    with pytest.raises(AssetMissing):
        store.read(SEVEN)


def test_removing_it_twice_is_no_error() -> None:
    store.write(SEVEN, b"seven")
    store.remove(SEVEN)
    store.remove(SEVEN)
    with pytest.raises(AssetMissing):
        store.read(SEVEN)


def test_a_write_that_fails_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("apps.datasets.storage.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write(SEVEN, b"seven")
    assert not [path for path in (home / "assets").rglob("*") if path.is_file()]


def test_another_storage_may_be_named(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {"assets": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    store.write(SEVEN, b"seven")
    assert store.read(SEVEN) == b"seven"
    assert isinstance(store._storage(), InMemoryStorage)
    assert not isinstance(store._storage(), AssetFiles)
