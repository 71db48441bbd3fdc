"""A version whose files changed on disk is taken out of use, and put back when its bytes are brought again."""

from pathlib import Path

import pytest

from apps.core.models import AuditEntry, OutboxEvent
from apps.registry.models import ModelVersion
from apps.registry.services import version_mark_corrupt
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db
WEIGHTS = "weights/model.safetensors"


@pytest.fixture
def damaged(world: World, home: Path) -> ModelVersion:
    version = artifact.version(world.ada)
    path = version.directory / WEIGHTS
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return version


def mark(version: ModelVersion) -> bool:
    return version_mark_corrupt(version_id=version.pk, path=WEIGHTS, reason="sha256 differs", reported_by="replica 7")


def test_it_is_taken_out_of_use(damaged: ModelVersion) -> None:
    assert mark(damaged)

    damaged.refresh_from_db()
    assert (damaged.state, damaged.state_reason) == ("corrupt", "sha256 differs")


def test_it_is_told_and_written_in_the_audit_trail(damaged: ModelVersion) -> None:
    mark(damaged)

    assert AuditEntry.objects.get(action="version.corrupt").detail["reported_by"] == "replica 7"
    event = OutboxEvent.objects.get(name="registry.version_corrupted")
    assert event.payload == {"version_id": damaged.pk, "path": WEIGHTS}


def test_saying_it_twice_changes_nothing(damaged: ModelVersion) -> None:
    mark(damaged)

    assert not mark(damaged)
    assert AuditEntry.objects.filter(action="version.corrupt").count() == 1


def test_versions_that_share_the_files_share_the_fate(damaged: ModelVersion, world: World) -> None:
    other = artifact.version(world.ada, "other")
    mark(damaged)

    other.refresh_from_db()
    assert other.state == "corrupt"


def test_the_same_bytes_again_mend_the_files(damaged: ModelVersion, world: World) -> None:
    mark(damaged)

    version, created = artifact.publisher(world.ada).send_all(artifact.files()).register()

    assert (version, created) == (damaged, False)
    assert {path: (version.directory / path).read_bytes() for path in artifact.files()} == artifact.files()


def test_mended_it_is_in_use_again(damaged: ModelVersion, world: World) -> None:
    mark(damaged)

    version, _ = artifact.publisher(world.ada).send_all(artifact.files()).register()

    assert (version.state, version.state_reason) == ("ready", "")
    assert AuditEntry.objects.get(action="version.heal").actor == world.ada


def test_a_reader_of_the_old_file_keeps_it_while_it_is_mended(damaged: ModelVersion, world: World) -> None:
    with (damaged.directory / WEIGHTS).open("rb") as reader:
        artifact.publisher(world.ada).send_all(artifact.files()).register()

        assert reader.read().endswith(b"?")


@pytest.mark.parametrize("damage", ["file gone", "stranger", "link", "all gone"])
def test_any_damage_is_mended(world: World, home: Path, damage: str) -> None:
    version = artifact.version(world.ada)
    harm(version.directory, damage)

    artifact.publisher(world.ada).send_all(artifact.files()).register()

    lying = {str(p.relative_to(version.directory)): p.read_bytes() for p in version.directory.rglob("*") if p.is_file()}
    assert lying == artifact.files()
    assert not any(path.is_symlink() for path in version.directory.rglob("*"))


def harm(directory: Path, damage: str) -> None:
    if damage == "stranger":
        (directory / "weights" / "extra.bin").write_bytes(b"?")
        return
    (directory / "echo.py").unlink()
    if damage == "link":
        (directory / "echo.py").symlink_to("model.yaml")
    if damage == "all gone":
        directory.rename(directory.with_name("elsewhere"))
