"""Uploads that nobody finishes are dropped with their files; nothing else is."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from apps.core import clock
from apps.core.errors import Forbidden
from apps.core.models import AuditEntry
from apps.registry import storage
from apps.registry.errors import UploadClosed
from apps.registry.models import Upload
from apps.registry.services import upload, upload_discard, uploads_expire
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(world: World, home: Path) -> artifact.Publisher:
    return artifact.publisher(world.ada).send_all(artifact.files())


def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    then = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(upload, "now", lambda: then)


def test_an_upload_left_for_a_day_is_dropped(
    ada: artifact.Publisher, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_later(monkeypatch)

    assert uploads_expire() == 1
    assert not Upload.objects.exists()
    assert list((home / "staging").iterdir()) == []
    assert AuditEntry.objects.filter(action="upload.expire").exists()


def test_an_upload_of_today_is_kept(ada: artifact.Publisher) -> None:
    assert uploads_expire() == 0
    assert ada.register()[1]


def test_an_upload_being_written_is_kept(ada: artifact.Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    a_day_later(monkeypatch)

    with storage.upload_lock(ada.upload.pk, exclusive=False):
        assert uploads_expire() == 0
    assert ada.register()[1]


def test_a_registered_version_outlives_its_upload(ada: artifact.Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    version, _ = ada.register()
    a_day_later(monkeypatch)

    uploads_expire()

    assert not Upload.objects.exists()
    assert (version.directory / "echo.py").read_bytes() == artifact.HANDLER


def test_a_directory_that_no_upload_knows_is_removed(home: Path, world: World) -> None:
    stray = home / "staging" / str(uuid4()) / "files"
    stray.mkdir(parents=True)

    uploads_expire()

    assert not stray.exists()


def test_what_is_not_an_upload_is_left_alone(home: Path, world: World) -> None:
    (home / "staging" / "lost+found").mkdir(parents=True)

    uploads_expire()

    assert (home / "staging" / "lost+found").exists()


def test_an_upload_can_be_dropped_by_hand(ada: artifact.Publisher, home: Path) -> None:
    upload_discard(actor=ada.actor, upload=ada.upload)

    assert not Upload.objects.exists()
    assert list((home / "staging").iterdir()) == []


def test_an_upload_that_became_a_version_cannot_be_dropped(ada: artifact.Publisher) -> None:
    ada.register()
    ada.upload.refresh_from_db()

    with pytest.raises(UploadClosed, match="echo/1"):
        upload_discard(actor=ada.actor, upload=ada.upload)


def test_somebody_without_the_role_cannot_drop_one(ada: artifact.Publisher, world: World) -> None:
    with pytest.raises(Forbidden):
        upload_discard(actor=world.cy, upload=ada.upload)
