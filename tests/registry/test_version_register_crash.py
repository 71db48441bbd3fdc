"""A registration that dies halfway leaves nothing to see, and the same call made again succeeds."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.core import audit, clock
from apps.registry import placement, storage
from apps.registry.errors import UploadIncomplete
from apps.registry.models import Artifact, ModelVersion
from apps.registry.services import upload as upload_service
from apps.registry.services import uploads_expire, version
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for the process's end: nothing catches it."""


def die(*args: object, **kwargs: object) -> None:
    raise Killed


def die_at(owner: object, name: str, bringing: artifact.Publisher) -> None:
    """Register, dying where `owner.name` is called."""
    with pytest.MonkeyPatch.context() as death, pytest.raises(Killed):
        death.setattr(owner, name, die)
        bringing.register()


@pytest.fixture
def ada(world: World, home: Path) -> artifact.Publisher:
    return artifact.publisher(world.ada).send_all(artifact.files())


STEPS = {
    "before the rename": (placement, "_freeze"),
    "after the rename": (version, "_write"),
    "in the transaction": (audit, "record"),
}


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_visible(ada: artifact.Publisher, step: str) -> None:
    die_at(*STEPS[step], ada)

    assert not ModelVersion.objects.exists()
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("step", STEPS)
def test_the_same_call_again_succeeds(ada: artifact.Publisher, step: str) -> None:
    die_at(*STEPS[step], ada)

    registered, created = ada.register()

    assert created
    assert {path: (registered.directory / path).read_bytes() for path in artifact.files()} == artifact.files()


def test_the_number_is_not_lost(ada: artifact.Publisher) -> None:
    die_at(audit, "record", ada)

    assert ada.register()[0].number == 1


def test_another_upload_of_the_same_bytes_succeeds(ada: artifact.Publisher) -> None:
    die_at(version, "_write", ada)

    assert ada.start().send_all(artifact.files()).register()[1]


def test_files_that_no_version_owns_are_swept_after_a_day(
    ada: artifact.Publisher, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_at(version, "_write", ada)
    uploads_expire()
    assert len(list(home.glob("artifacts/*/"))) == 1

    tomorrow = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(upload_service, "now", lambda: tomorrow)
    uploads_expire()
    assert list(home.glob("artifacts/*/")) == []


def test_nothing_is_swept_while_a_registration_runs(
    ada: artifact.Publisher, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_at(version, "_write", ada)
    tomorrow = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(upload_service, "now", lambda: tomorrow)

    with storage.artifacts_lock(exclusive=False):
        uploads_expire()
    assert len(list(home.glob("artifacts/*/"))) == 1


def test_an_upload_whose_files_were_swept_says_so(ada: artifact.Publisher, home: Path) -> None:
    die_at(version, "_write", ada)
    for path in home.glob("artifacts/*/*.py"):
        path.unlink()

    with pytest.raises(UploadIncomplete, match=r"echo\.py"):
        ada.register()
