"""The real artifacts, built once for this folder and started as a replica starts them."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from apps.registry.inspection import artifact_inspect
from apps.registry.rules.manifest import manifest_normalise
from workers.artifact_directory import written_whole
from workers.models import minilm, whisper
from workers.serving.artifact import ArtifactFile
from workers.serving.engine import start
from workers.serving.pipeline import Pipeline
from workers.serving.replica_spec import ReplicaSpec
from workers.serving.steps import STEPS


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def built(build: Callable[[Path], None], directory: Path) -> Path:
    with written_whole(directory) as unfinished:
        build(unfinished)
    return directory


@pytest.fixture(scope="session")
def minilm_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(minilm.build, tmp_path_factory.mktemp("models") / "minilm")


@pytest.fixture(scope="session")
def whisper_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(whisper.build, tmp_path_factory.mktemp("models") / "whisper")


def spec_of(directory: Path, batch_max: int) -> ReplicaSpec:
    """What a host would tell a replica of this artifact, its manifest as the registry takes it in."""
    paths = [str(path.relative_to(directory)) for path in sorted(directory.rglob("*")) if path.is_file()]
    inspected = artifact_inspect(paths, lambda path: directory / path, directory.name)
    return ReplicaSpec(
        **{"replica": "r1", "deployment": "real", "revision": 1, "stage": "all", "steps": STEPS},
        **{"stream": "unused", "redis_url": "redis://unused", "device": "cpu", "batch_max": batch_max},
        directory=str(directory),
        files=tuple(_file(directory, path) for path in paths),
        manifest=manifest_normalise(inspected.manifest),
    )


def _file(directory: Path, path: str) -> ArtifactFile:
    raw = (directory / path).read_bytes()
    return ArtifactFile(path, hashlib.sha256(raw).hexdigest(), len(raw))


@pytest.fixture(scope="session")
def minilm_served(minilm_directory: Path) -> Pipeline:
    return start(spec_of(minilm_directory, batch_max=8))[0]


@pytest.fixture(scope="session")
def whisper_served(whisper_directory: Path) -> Pipeline:
    return start(spec_of(whisper_directory, batch_max=2))[0]
