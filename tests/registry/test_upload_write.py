"""Files come in whole or in parts, and count only once all of it is here."""

import hashlib
import io
from pathlib import Path

import pytest

from apps.core.errors import Forbidden
from apps.registry import storage
from apps.registry.errors import (
    BadPath,
    BadRange,
    DigestMismatch,
    FileBusy,
    Interrupted,
    UploadClosed,
    UploadTooLarge,
    WrongOffset,
)
from apps.registry.rules import limits
from apps.registry.selectors import upload_offset
from tests.registry import artifact
from tests.registry.artifact import Publisher
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(world: World, home: Path) -> Publisher:
    return artifact.publisher(world.ada)


def test_a_file_is_hashed_on_its_way_in(ada: Publisher) -> None:
    assert ada.send("a.bin", b"12345").sha256 == hashlib.sha256(b"12345").hexdigest()


def test_an_empty_file_is_a_file(ada: Publisher) -> None:
    assert ada.send("__init__.py", b"").sha256 == hashlib.sha256(b"").hexdigest()


def test_a_large_file_is_read_in_chunks(ada: Publisher) -> None:
    asked = []

    class Stream(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size)
            return super().read(size)

    content = b"x" * (3 * 1024 * 1024)
    ada.send("a.bin", b"")
    artifact.services.upload_write(
        actor=ada.actor, upload=ada.upload, path="a.bin", stream=Stream(content), length=len(content)
    )
    assert asked == [1024 * 1024] * 3


def test_parts_are_put_together(ada: Publisher) -> None:
    assert not ada.send("a.bin", b"123", total=5).sha256

    file = ada.send("a.bin", b"45", offset=3, total=5)

    assert file.sha256 == hashlib.sha256(b"12345").hexdigest()
    assert (storage.staged_files(ada.upload.pk) / "a.bin").read_bytes() == b"12345"


def test_a_part_is_not_among_the_files(ada: Publisher) -> None:
    ada.send("a.bin", b"123", total=5)

    assert not storage.staged_files(ada.upload.pk).exists()


def test_a_part_with_a_gap_before_it_is_refused(ada: Publisher) -> None:
    ada.send("a.bin", b"123", total=9)

    with pytest.raises(WrongOffset) as raised:
        ada.send("a.bin", b"789", offset=6, total=9)
    assert raised.value.details == {"offset": 3}


def test_a_part_of_a_file_with_another_size_is_refused(ada: Publisher) -> None:
    ada.send("a.bin", b"123", total=9)

    with pytest.raises(BadRange, match="9 bytes, not 8"):
        ada.send("a.bin", b"456", offset=3, total=8)


def test_a_part_past_the_end_is_refused(ada: Publisher) -> None:
    with pytest.raises(BadRange):
        ada.send("a.bin", b"123", total=2)


def test_what_came_before_an_interruption_is_kept(ada: Publisher) -> None:
    with pytest.raises(Interrupted) as raised:
        artifact.services.upload_write(
            actor=ada.actor, upload=ada.upload, path="a.bin", stream=io.BytesIO(b"123"), length=5
        )
    assert raised.value.details == {"offset": 3}

    assert ada.send("a.bin", b"45", offset=3, total=5).sha256 == hashlib.sha256(b"12345").hexdigest()


def test_a_client_that_vanishes_interrupts(ada: Publisher) -> None:
    class Vanishing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("connection lost")

    with pytest.raises(Interrupted):
        artifact.services.upload_write(
            actor=ada.actor, upload=ada.upload, path="a.bin", stream=Vanishing(b"123"), length=3
        )


def test_a_file_that_is_not_what_was_declared_is_refused_and_dropped(ada: Publisher) -> None:
    declared = hashlib.sha256(b"other").hexdigest()

    with pytest.raises(DigestMismatch, match=declared):
        ada.send("a.bin", b"12345", sha256=declared)
    assert upload_offset(ada.upload.files.get()) == 0


def test_parts_that_are_not_what_was_declared_are_refused(ada: Publisher) -> None:
    ada.send("a.bin", b"123", total=5)

    with pytest.raises(DigestMismatch):
        ada.send("a.bin", b"45", offset=3, total=5, sha256=hashlib.sha256(b"123456").hexdigest())


def test_a_file_that_is_what_was_declared_is_taken(ada: Publisher) -> None:
    declared = hashlib.sha256(b"12345").hexdigest()

    assert ada.send("a.bin", b"12345", sha256=declared).sha256 == declared


def test_a_file_can_be_sent_anew(ada: Publisher) -> None:
    ada.send("a.bin", b"12345")
    ada.send("a.bin", b"67")

    assert (storage.staged_files(ada.upload.pk) / "a.bin").read_bytes() == b"67"
    assert ada.upload.files.get().size == 2


def test_a_file_being_sent_anew_does_not_count_until_it_is_whole(ada: Publisher) -> None:
    ada.send("a.bin", b"12345")
    ada.send("a.bin", b"67", total=3)

    assert ada.upload.files.get().sha256 == ""


def test_a_second_writer_of_the_same_file_is_refused(ada: Publisher) -> None:
    class Nosy(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                with pytest.raises(FileBusy):
                    ada.send("a.bin", b"other")
            return super().read(size)

    artifact.services.upload_write(actor=ada.actor, upload=ada.upload, path="a.bin", stream=Nosy(b"12345"), length=5)
    assert (storage.staged_files(ada.upload.pk) / "a.bin").read_bytes() == b"12345"


def test_two_files_can_come_in_at_once(ada: Publisher) -> None:
    class Generous(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                ada.send("b.bin", b"other")
            return super().read(size)

    artifact.services.upload_write(
        actor=ada.actor, upload=ada.upload, path="a.bin", stream=Generous(b"12345"), length=5
    )
    assert {file.path for file in ada.upload.files.exclude(sha256="")} == {"a.bin", "b.bin"}


def test_nothing_can_be_registered_while_a_file_comes_in(ada: Publisher) -> None:
    class Hasty(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            with pytest.raises(FileBusy):
                ada.register()
            return super().read(size)

    artifact.services.upload_write(actor=ada.actor, upload=ada.upload, path="a.bin", stream=Hasty(b"12345"), length=5)
    assert ada.upload.files.get().sha256


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "a\\b", ".hidden", "a//b", "a\0b", "aux.txt", ""])
def test_a_name_that_escapes_or_deceives_is_refused(ada: Publisher, home: Path, path: str) -> None:
    with pytest.raises(BadPath):
        ada.send(path, b"1")
    assert not ada.upload.files.exists()


def test_a_name_that_differs_only_in_capitals_is_refused(ada: Publisher) -> None:
    ada.send("Weights/a.bin", b"1")

    with pytest.raises(BadPath, match="capital letters"):
        ada.send("weights/b.bin", b"1")


def test_a_file_that_is_a_folder_of_another_is_refused(ada: Publisher) -> None:
    ada.send("a/b", b"1")

    with pytest.raises(BadPath, match="both a file and a folder"):
        ada.send("a", b"1")


def test_a_file_over_the_limit_is_refused(ada: Publisher, settings: object) -> None:
    settings.QUARTET_UPLOAD_LIMIT = 10  # type: ignore[attr-defined]

    with pytest.raises(UploadTooLarge, match="11 bytes; 10 are allowed"):
        ada.send("a.bin", b"x" * 11)
    assert not ada.upload.files.exists()


def test_files_over_the_limit_together_are_refused(ada: Publisher, settings: object) -> None:
    settings.QUARTET_UPLOAD_LIMIT = 10  # type: ignore[attr-defined]
    ada.send("a.bin", b"x" * 6)

    with pytest.raises(UploadTooLarge, match="12 bytes"):
        ada.send("b.bin", b"x" * 6)


def test_an_announced_size_counts_before_its_bytes_come(ada: Publisher, settings: object) -> None:
    settings.QUARTET_UPLOAD_LIMIT = 10  # type: ignore[attr-defined]

    with pytest.raises(UploadTooLarge):
        ada.send("a.bin", b"x", total=11)


def test_too_many_files_are_refused(ada: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_FILES", 2)
    ada.send("a", b"")
    ada.send("b", b"")

    with pytest.raises(UploadTooLarge, match="2 files"):
        ada.send("c", b"")


def test_a_registered_upload_takes_no_more(ada: Publisher) -> None:
    ada.send_all(artifact.files()).register()

    with pytest.raises(UploadClosed):
        ada.send("late.bin", b"1")


def test_somebody_without_the_role_is_refused(ada: Publisher, world: World) -> None:
    ada.actor = world.cy

    with pytest.raises(Forbidden):
        ada.send("a.bin", b"1")
