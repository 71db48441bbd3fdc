"""What Quartet serves in the measurements: directories with a manifest, as the registry would keep them."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import install
from bench.errors import Unavailable
from bench.place import ARTIFACTS, ROOT
from bench.place import log as log_of
from bench.processes import environment
from bench.text import TEXT
from workers.serving.artifact import ArtifactFile

_STEPS = ("preprocess", "infer", "postprocess")
_OWN = "handler:Model"
_BUILTIN = "builtin:feature-extraction"
_BUILDING_SECONDS = 300
WIDTHS = {"noop": 8, "minilm": 384}  # of the output


@dataclass(frozen=True)
class Artifact:
    """A version on disk."""

    directory: Path
    manifest: dict[str, Any]

    def files(self) -> tuple[ArtifactFile, ...]:
        """Every file with its digest."""
        paths = sorted(path for path in self.directory.rglob("*") if path.is_file())
        return tuple(
            ArtifactFile(str(path.relative_to(self.directory)), _sha256(path), path.stat().st_size) for path in paths
        )


def noop_artifact() -> Artifact:
    """The model that does nothing."""
    return _made("noop", [_module("noop")], WIDTHS["noop"], _OWN)


def minilm_artifact(variant: str) -> Artifact:
    """all-MiniLM-L6-v2 behind the handler that calls the same code as the peers."""
    return _made(f"minilm-{variant}", [_module("minilm"), *_weights()], WIDTHS["minilm"], _OWN)


def minilm_builtin_artifact() -> Artifact:
    """The same weights behind the handler that comes with Quartet."""
    return _made("minilm-builtin", list(_weights()), WIDTHS["minilm"], _BUILTIN)


def digits_artifact() -> Artifact:
    """The demo's model, trained once. Raises Unavailable."""
    directory = ARTIFACTS / "digits"
    if not directory.exists():
        print("Training the digits model", flush=True)
        where = ["--out", str(directory), "--cache", str(ARTIFACTS / "speech")]
        _build("workers.training.digits_av", where, "training", "the digits model was not trained")
    return _read(directory)


def sentiment_artifact() -> Artifact:
    """MiniLM with an untrained head of two classes, made anew. Raises Unavailable."""
    directory = ARTIFACTS / "sentiment"
    shutil.rmtree(directory, ignore_errors=True)
    _build("workers.models.sentiment", ["--to", str(directory)], "sentiment", "the classifier was not built")
    return _read(directory)


def _read(directory: Path) -> Artifact:
    return Artifact(directory, yaml.safe_load((directory / "model.yaml").read_text()))


def _build(module: str, arguments: list[str], name: str, failed: str) -> None:
    """Run a command of the product that writes an artifact; what it says goes to the log `name`."""
    command, log = [sys.executable, "-m", module, *arguments], log_of(name)
    with log.open("wb") as file:
        try:
            subprocess.run(
                command, cwd=ROOT, env=environment({}), stdout=file, stderr=file, check=True, timeout=_BUILDING_SECONDS
            )
        except subprocess.SubprocessError as error:
            raise Unavailable(f"{failed}: {log.read_text()[-160:]}") from error


def _module(name: str) -> Path:
    return ROOT / "bench" / "models" / f"{name}.py"


def _weights() -> Iterable[Path]:
    """Files, and the folder that says how the tokens' vectors become the sentence's."""
    return install.minilm_weights().iterdir()


def _made(name: str, files: list[Path], width: int, handler: str) -> Artifact:
    """The artifact, made anew: the code in it may have changed."""
    directory = ARTIFACTS / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for file in [*files, *([_module("handler")] if handler == _OWN else [])]:
        if file.is_dir():
            shutil.copytree(file, directory / file.name, copy_function=_link)
        else:
            _link(file, directory / file.name)
    return Artifact(directory, _manifest(name, width, handler))


def _link(file: str | Path, to: str | Path) -> None:
    try:
        os.link(file, to)
    except OSError:  # another disk
        shutil.copyfile(file, to)


def _manifest(name: str, width: int, handler: str) -> dict[str, Any]:
    return {
        "name": name,
        "inputs": [{"name": "text", "modality": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [{"name": "embedding", "datatype": "FP32", "shape": [-1, width]}],
        "stages": [{"name": step, "handler": handler} for step in _STEPS],
        "samples": [{"text": TEXT}],
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
