"""A full or read-only disk is the operator's to mend, and leaves nothing half-done.

The errors are the kernel's own: /dev/full is always full, and nobody may make a directory in /sys.
"""

import io
from pathlib import Path

import pytest

from apps.registry import intake, placement, storage
from apps.registry.errors import StorageFull, StorageUnwritable
from apps.registry.models import ModelVersion
from apps.registry.selectors import upload_offset
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


def write_to_a_full_disk(handle: io.FileIO, chunk: bytes) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(chunk)


def test_a_full_disk_is_the_operators_fault(world: World, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_write", write_to_a_full_disk)

    with pytest.raises(StorageFull) as raised:
        artifact.publisher(world.ada).send("a.bin", b"12345")
    assert (raised.value.status, raised.value.fault) == (507, "operator")


def test_a_full_disk_is_freed_of_the_part(world: World, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = artifact.publisher(world.ada)
    ada.send("a.bin", b"123", total=5)
    monkeypatch.setattr(intake, "_write", write_to_a_full_disk)

    with pytest.raises(StorageFull):
        ada.send("a.bin", b"45", offset=3, total=5)
    assert list((home / "staging").rglob("parts/*")) == []
    assert upload_offset(ada.upload.files.get()) == 0


def test_the_file_can_be_sent_again_once_there_is_space(world: World, home: Path) -> None:
    ada = artifact.publisher(world.ada)
    with pytest.MonkeyPatch.context() as full, pytest.raises(StorageFull):
        full.setattr(intake, "_write", write_to_a_full_disk)
        ada.send("a.bin", b"12345")

    assert ada.send("a.bin", b"12345").sha256


def test_a_disk_that_fills_while_registering_makes_no_version(world: World, home: Path) -> None:
    ada = artifact.publisher(world.ada).send_all(artifact.files())
    with pytest.MonkeyPatch.context() as full, pytest.raises(StorageFull):
        full.setattr(placement, "_freeze", lambda directory: Path("/dev/full").write_bytes(b"x"))
        ada.register()
    assert not ModelVersion.objects.exists()

    assert ada.register()[1]


def test_a_home_that_cannot_be_written_is_the_operators_fault(world: World, settings: object) -> None:
    settings.QUARTET_HOME = Path("/sys/quartet")  # type: ignore[attr-defined]

    with pytest.raises(StorageUnwritable) as raised:
        artifact.publisher(world.ada).send("a.bin", b"12345")
    assert (raised.value.status, raised.value.fault) == (507, "operator")


def test_other_disk_errors_are_not_dressed_up() -> None:
    with pytest.raises(FileNotFoundError), storage.disk_errors():
        Path("/nowhere/at/all").read_bytes()
