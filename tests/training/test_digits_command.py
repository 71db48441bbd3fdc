"""`python -m workers.training.digits_av` as a person or a worker runs it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit
from typing import Any

import pytest

from workers.training.digits_av.__main__ import main
from workers.training.digits_av.job import code_sha256

MODULE = [sys.executable, "-m", "workers.training.digits_av"]


def lines(*options: object) -> list[dict[str, Any]]:
    """Run the command with JSON progress; every line it printed."""
    command = [*MODULE, "--progress", "json", *map(str, options)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, cache_directory: Path) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("command") / "v1"
    return lines("--out", out, "--steps", 4, "--seed", 7, "--cache", cache_directory)


@pytest.fixture(scope="module")
def second(first: list[dict[str, Any]], cache_directory: Path) -> list[dict[str, Any]]:
    """A fine-tune of what `first` made."""
    parent = Path(first[-1]["directory"])
    return lines("--out", parent.with_name("v2"), "--from", parent, "--steps", 2, "--cache", cache_directory)


def test_it_tells_each_phase_and_each_step_with_its_loss(first: list[dict[str, Any]]) -> None:
    assert [line["phase"] for line in first[:-1]] == ["data", "train", "evaluate", "package"]
    assert first[1].items() >= {"event": "progress", "step": 4, "steps": 4}.items()
    assert first[1]["loss"] > 0


def test_its_last_line_says_what_was_made_from_what(first: list[dict[str, Any]], report: dict[str, Any]) -> None:
    last = first[-1]
    assert (Path(last["directory"]) / "model.yaml").is_file()
    assert last["dataset"] == report["dataset"]
    assert last["code"] == code_sha256()
    assert (last["seed"], last["steps"], last["threads"], last["parent"]) == (7, 4, 1, None)
    assert 0 <= last["accuracy"]["both"] <= 1


def test_a_fine_tune_continues_from_its_parent_and_names_it(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    parent, child = first[-1], second[-1]
    assert child["parent"] == {"directory": parent["directory"], "weights_sha256": parent["weights_sha256"]}
    assert child["weights_sha256"] != parent["weights_sha256"]


def test_the_same_weights_can_be_written_as_an_artifact_that_takes_videos(
    first: list[dict[str, Any]], tmp_path: Path, cache_directory: Path
) -> None:
    parent = Path(first[-1]["directory"])
    last = lines(
        "--out", tmp_path / "v", "--from", parent, "--steps", 1, "--flavour", "clips", "--cache", cache_directory
    )[-1]
    assert "modality: video" in (Path(last["directory"]) / "model.yaml").read_text()
    assert last["accuracy"]["both_samples"] == 200


def test_a_fine_tune_leaves_its_parent_as_it_was(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    weights = Path(second[-1]["parent"]["directory"]) / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == first[-1]["weights_sha256"]


def test_a_place_in_use_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").touch()
    assert main(["--out", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"Training stopped: {tmp_path} is not empty: choose another place")
    assert printed.out == ""


def test_a_parent_that_is_no_artifact_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "v2"), "--from", str(tmp_path)]) == 2
    assert "is not an artifact to continue from: it has no config.json" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["--out", str(tmp_path / "file" / "v1")]) == 2
    printed = capsys.readouterr()
    assert f"{tmp_path}/file/v1 cannot be written" in printed.err
    assert printed.out == ""


def test_a_disk_that_fills_up_stops_it_with_a_reason_and_leaves_no_artifact(
    tmp_path: Path, cache_directory: Path
) -> None:
    out = tmp_path / "v1"
    command = [*MODULE, "--out", str(out), "--steps", "1", "--cache", str(cache_directory)]
    # The kernel answers a write beyond the limit as a full disk does: with an error. The weights are 626 kB.
    small_files = (100_000, 100_000)
    stopped = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=lambda: setrlimit(RLIMIT_FSIZE, small_files)
    )
    assert stopped.returncode == 1
    assert "Training stopped: [Errno 27] File too large" in stopped.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("steps", ["0", "-3", "many"])
def test_a_number_of_steps_that_is_none_is_refused(steps: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--out", "unused", "--steps", steps])
    assert "--steps" in capsys.readouterr().err
