"""An upload becomes a version: numbered, immutable, found by its bytes."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission

from apps.core.errors import CallerError, Forbidden
from apps.core.models import AuditEntry, OutboxEvent, User
from apps.registry.errors import BadLineage, UploadClosed, UploadIncomplete
from apps.registry.models import ModelVersion
from apps.registry.selectors import version_files
from apps.registry.services import upload_discard
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


def test_the_first_version_has_the_number_one(world: World, home: Path) -> None:
    version, created = artifact.publisher(world.ada).send_all(artifact.files()).register()

    assert created
    assert version.number == 1


def test_other_bytes_get_the_next_number(world: World, home: Path) -> None:
    artifact.version(world.ada)

    assert artifact.version(world.ada, weights=(3.0,)).number == 2


def test_its_files_lie_under_its_digest_as_they_were_sent(world: World, home: Path) -> None:
    version = artifact.version(world.ada)

    lying = {str(p.relative_to(version.directory)): p.read_bytes() for p in version.directory.rglob("*") if p.is_file()}
    assert lying == artifact.files()
    assert version.directory == home / "artifacts" / version.digest


def test_its_files_are_read_only(world: World, home: Path) -> None:
    version = artifact.version(world.ada)

    assert {p.stat().st_mode & 0o777 for p in version.directory.rglob("*") if p.is_file()} == {0o444}


def test_its_files_are_listed_with_their_digests(world: World, home: Path) -> None:
    listed = version_files(artifact.version(world.ada))

    assert {f["path"]: f["size"] for f in listed} == {p: len(c) for p, c in artifact.files().items()}
    assert all(len(f["sha256"]) == 64 for f in listed)


def test_its_manifest_is_kept_with_every_default(world: World, home: Path) -> None:
    manifest = artifact.version(world.ada).manifest

    assert manifest["inputs"][0]["max_characters"] == 20_000
    spelt = {"name": "infer", "handler": "echo:Echo", "device": "auto", "hook": "predict", "after": ["preprocess"]}
    assert manifest["stages"][1] == spelt | {"batch_max": None, "batch_bytes": None}


def test_the_staging_directory_is_gone_afterwards(world: World, home: Path) -> None:
    artifact.version(world.ada)

    assert list((home / "staging").iterdir()) == []


def test_the_same_bytes_again_are_the_same_version(world: World, home: Path) -> None:
    first = artifact.version(world.ada)

    again, created = artifact.publisher(world.ada).send_all(artifact.files()).register()

    assert (again, created) == (first, False)
    assert ModelVersion.objects.count() == 1


def test_the_same_upload_again_is_the_same_version(world: World, home: Path) -> None:
    bringing = artifact.publisher(world.ada).send_all(artifact.files())
    first, _ = bringing.register()

    assert bringing.register() == (first, False)


def test_two_models_may_share_the_same_bytes(world: World, home: Path) -> None:
    one, other = artifact.version(world.ada, "one"), artifact.version(world.ada, "other")

    assert one != other
    assert one.directory == other.directory


def test_lineage_and_parent_are_kept(world: World, home: Path) -> None:
    parent = artifact.version(world.ada)
    bringing = artifact.publisher(world.ada).send_all(artifact.files() | {"README.md": b"second"})

    version, _ = bringing.register(lineage={"dataset": "digits 3", "code": "git 1f2e"}, parent=parent)

    assert version.lineage == {"dataset": "digits 3", "code": "git 1f2e", "notes": ""}
    assert version.parent == parent


def test_unknown_lineage_is_refused(world: World, home: Path) -> None:
    bringing = artifact.publisher(world.ada).send_all(artifact.files())

    with pytest.raises(BadLineage, match="'datasett'"):
        bringing.register(lineage={"datasett": "digits"})


def test_an_alias_can_be_set_with_it(world: World, home: Path) -> None:
    version, _ = artifact.publisher(world.ada).send_all(artifact.files()).register(alias="candidate")

    assert [alias.name for alias in version.aliases.all()] == ["candidate"]


def test_it_is_told_to_other_apps_and_written_in_the_audit_trail(world: World, home: Path) -> None:
    version = artifact.version(world.ada)

    event = OutboxEvent.objects.get(name="registry.version_registered")
    assert event.payload == {"version_id": version.pk, "model": "echo", "version": 1, "digest": version.digest}
    assert AuditEntry.objects.get(action="version.register").target == "version:echo/1"


def test_a_file_that_has_not_come_in_whole_holds_it_up(world: World, home: Path) -> None:
    bringing = artifact.publisher(world.ada).send_all(artifact.files())
    bringing.send("more.bin", b"12345", total=10)

    with pytest.raises(UploadIncomplete, match=r"more\.bin"):
        bringing.register()
    assert not ModelVersion.objects.exists()


def test_somebody_without_the_role_is_refused(world: World, home: Path) -> None:
    bringing = artifact.publisher(world.ada).send_all(artifact.files())
    bringing.actor = world.cy

    with pytest.raises(Forbidden, match="publish_model"):
        bringing.register()


def test_code_needs_a_permission_of_its_own(world: World, home: Path) -> None:
    bringing = artifact.publisher(data_only(world.cy)).send_all(artifact.files())

    with pytest.raises(Forbidden, match="publish_code"):
        bringing.register()


def test_weights_alone_do_not_need_it(world: World, home: Path) -> None:
    manifest = artifact.MANIFEST.replace(b"echo:Echo", b"builtin:text-classification")

    version, _ = artifact.publisher(data_only(world.cy)).send_all({"model.yaml": manifest}).register()

    assert version.number == 1


def test_an_upload_for_another_model_is_refused(world: World, home: Path) -> None:
    bringing = artifact.publisher(world.ada).send_all(artifact.files())
    bringing.model = artifact.publisher(world.ada, "other").model

    with pytest.raises(CallerError, match="started for the model 'echo'"):
        bringing.register()


def test_a_dropped_upload_is_refused(world: World, home: Path) -> None:
    bringing = artifact.publisher(world.ada).send_all(artifact.files())
    upload_discard(actor=world.ada, upload=bringing.upload)

    with pytest.raises(UploadClosed):
        bringing.register()


def data_only(user: User) -> User:
    """`user` with the right to publish models, but no code."""
    user.user_permissions.add(Permission.objects.get(codename="publish_model"))
    return User.objects.get(pk=user.pk)
