"""An artifact is loaded only when every byte is as it was registered."""

from pathlib import Path

import msgspec
import pytest

from tests.serving.processes import write_artifact
from workers.serving.artifact import ArtifactCorrupt, ArtifactFile, verify


@pytest.fixture
def artifact(tmp_path: Path):
    files = write_artifact(tmp_path, {"handler.py": "x = 1", "weights/model.safetensors": b"\0" * 100})
    return tmp_path, msgspec.convert(files, list[ArtifactFile])


def refusal(artifact) -> ArtifactCorrupt:
    with pytest.raises(ArtifactCorrupt) as caught:
        verify(*artifact)
    return caught.value


def test_an_untouched_artifact_passes(artifact):
    verify(*artifact)


def test_a_changed_byte_is_found_and_named(artifact):
    weights = artifact[0] / "weights/model.safetensors"
    weights.write_bytes(b"\0" * 99 + b"\1")
    error = refusal(artifact)
    assert error.path == "weights/model.safetensors" and "sha256" in str(error)


def test_a_changed_size_is_found(artifact):
    (artifact[0] / "handler.py").write_text("x = 10")
    assert "6 bytes and not 5" in str(refusal(artifact))


def test_a_missing_file_is_found(artifact):
    (artifact[0] / "handler.py").unlink()
    assert refusal(artifact).path == "handler.py"


def test_a_file_too_many_is_found(artifact):
    (artifact[0] / "weights/extra.py").touch()
    assert refusal(artifact).path == "weights/extra.py"


def test_a_link_in_a_files_place_is_refused(artifact, tmp_path_factory):
    handler = artifact[0] / "handler.py"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "handler.py"
    handler.rename(elsewhere)
    handler.symlink_to(elsewhere)
    assert refusal(artifact).path == "handler.py"


def test_a_missing_directory_is_a_missing_file(artifact, tmp_path):
    assert refusal((tmp_path / "nowhere", artifact[1])).path == "handler.py"
