"""A directory of this machine becomes a version by one command."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.registry.models import ModelVersion, Upload
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "model"
    for path, content in artifact.files().items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    return directory


def run(directory: Path, **options: str) -> None:
    call_command("import_model", directory, **{"name": "echo", "actor": "ada"} | options)


def test_it_registers_the_directory(world: World, home: Path, directory: Path) -> None:
    run(directory, alias="candidate", dataset="digits 3")

    version = ModelVersion.objects.get()
    assert (version.number, version.lineage["dataset"], version.created_by) == (1, "digits 3", world.ada)
    assert [alias.name for alias in version.aliases.all()] == ["candidate"]


def test_it_makes_no_second_version_of_the_same_directory(
    world: World, home: Path, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(directory)
    run(directory)

    assert ModelVersion.objects.count() == 1
    assert "was registered before" in capsys.readouterr().out


def test_it_leaves_out_hidden_files_and_says_so(
    world: World, home: Path, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / ".git").mkdir()
    (directory / ".git" / "config").write_text("secret")
    (directory / "__pycache__").mkdir()
    (directory / "__pycache__" / "echo.cpython-311.pyc").write_bytes(b"x")

    run(directory)

    assert {artifact.path for artifact in ModelVersion.objects.get().artifacts.all()} == set(artifact.files())
    assert ".git/config" in capsys.readouterr().err


def test_a_transformers_directory_needs_no_manifest(world: World, home: Path, tmp_path: Path) -> None:
    (tmp_path / "bert").mkdir()
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "id2label": {"0": "a", "1": "b"},
    }
    (tmp_path / "bert" / "config.json").write_text(json.dumps(config))
    (tmp_path / "bert" / "model.safetensors").write_bytes(artifact.safetensors())

    run(tmp_path / "bert", name="bert")

    assert ModelVersion.objects.get().manifest["stages"][1]["handler"] == "builtin:text-classification"


def test_what_is_wrong_is_said_and_nothing_is_left(world: World, home: Path, directory: Path) -> None:
    (directory / "model.pkl").write_bytes(b"x")

    with pytest.raises(CommandError, match=r"model\.pkl.*safetensors"):
        run(directory)
    assert not Upload.objects.exists()
    assert list((home / "staging").iterdir()) == []


def test_an_unknown_user_is_refused(world: World, home: Path, directory: Path) -> None:
    with pytest.raises(CommandError, match="no user 'nobody'"):
        run(directory, actor="nobody")


def test_somebody_without_the_role_is_refused(world: World, home: Path, directory: Path) -> None:
    with pytest.raises(CommandError, match="publish_model"):
        run(directory, actor="cy")


def test_a_file_is_no_directory(world: World, home: Path, directory: Path) -> None:
    with pytest.raises(CommandError, match="not a directory"):
        run(directory / "model.yaml")


def test_a_protected_alias_is_asked_for_and_said_to_wait(
    world: World, home: Path, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(directory, alias="champion")
    assert "@champion is protected: pointing it at echo/1 waits for approval." in capsys.readouterr().out
    assert not ModelVersion.objects.get().aliases.exists()
