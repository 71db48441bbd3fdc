"""An artifact is whole or absent, repeatable byte for byte, and stands without Quartet."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from workers.artifact_directory import DirectoryUnusable
from workers.training.digits_av import HeldOutSample
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.package import package
from workers.training.digits_av.train import new_model

ACCURACY = Accuracy(0.9, 0.8, 0.7, both_samples=30, picture_samples=20, sound_samples=10)
SAMPLES = [HeldOutSample(3, b"a picture", b"a sound")]


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_same_model_is_packaged_into_the_same_bytes(tmp_path: Path) -> None:
    for place in ("one", "elsewhere/two"):
        package(tmp_path / place, new_model(5), ACCURACY, SAMPLES)
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere/two")


def test_the_artifact_has_manifest_weights_code_samples_and_reference(artifact: Path) -> None:
    samples = {f"samples/{digit}.{ending}" for digit in (3, 5, 8) for ending in ("png", "wav")}
    rest = {"model.yaml", "config.json", "model.safetensors", "digits_av.py", "reference.json"}
    assert set(contents(artifact)) == samples | rest


def test_the_manifest_tells_what_was_measured(tmp_path: Path) -> None:
    package(tmp_path / "artifact", new_model(5), ACCURACY, SAMPLES)
    metrics = yaml.safe_load((tmp_path / "artifact/model.yaml").read_text())["metrics"]
    assert metrics == {
        "accuracy": 0.9,
        "accuracy_picture_only": 0.8,
        "accuracy_sound_only": 0.7,
        "samples": 30,
        "samples_picture_only": 20,
        "samples_sound_only": 10,
    }


def test_other_users_may_read_all_of_it(artifact: Path) -> None:
    for path in (artifact, *artifact.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


def test_a_packaging_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[HeldOutSample]:
        yield SAMPLES[0]
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        package(tmp_path / "artifact", new_model(5), ACCURACY, broken())
    assert list(tmp_path.iterdir()) == []


def test_a_directory_in_use_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep me")
    with pytest.raises(DirectoryUnusable, match="is not empty"):
        package(tmp_path, new_model(5), ACCURACY, SAMPLES)
    assert contents(tmp_path) == {"precious": b"keep me"}


def test_an_empty_directory_may_be_filled(tmp_path: Path) -> None:
    package(tmp_path, new_model(5), ACCURACY, SAMPLES)
    assert "model.yaml" in contents(tmp_path)


def test_the_artifacts_code_runs_where_quartet_is_not_installed(artifact: Path, tmp_path: Path) -> None:
    program = (
        "import sys, numpy, types; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; import digits_av\n"
        "context = types.SimpleNamespace(directory=Path(sys.argv[1]), device='cpu', manifest={}, stages=('infer',))\n"
        "handler = digits_av.DigitsHandler(); handler.load(context)\n"
        "features = handler.preprocess({'image': numpy.zeros((28, 28), numpy.uint8)})\n"
        "print(handler.postprocess(handler.predict([features])[0])['digit'] in range(10))\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('workers', 'apps', 'controlplane')])\n"
    )
    command = [sys.executable, "-IB", "-c", program, str(artifact)]
    answered = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answered.stdout == "True\n[]\n", answered.stderr


def test_transformers_can_load_the_directory_by_itself(artifact: Path, artifact_module: Any) -> None:
    _, loading = artifact_module.DigitsAV.from_pretrained(artifact, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"] and not loading["mismatched_keys"]


def test_the_report_names_the_very_weights_that_were_written(report: dict[str, Any], artifact: Path) -> None:
    assert report["weights_sha256"] == hashlib.sha256((artifact / "model.safetensors").read_bytes()).hexdigest()
    assert json.loads((artifact / "config.json").read_text())["architectures"] == ["DigitsAV"]
