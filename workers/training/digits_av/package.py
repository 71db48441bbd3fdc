"""Write a trained model as an artifact: the directory that is registered and served.

The same model gives the same bytes: no times, no paths, no names of machines in it.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from workers.training.digits_av.artifact import digits_av
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.flavours import PAIRS, Flavour, Request


class DirectoryUnusable(RuntimeError):
    """Something is where the artifact should go, and is never written over; or nothing can be written there."""


def require_usable(directory: Path) -> None:
    """Raise DirectoryUnusable unless the directory is missing or empty and files can be made beside it."""
    try:
        if directory.exists() and any(directory.iterdir()):
            raise DirectoryUnusable(f"{directory} is not empty: choose another place or remove what is there first.")
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory.parent):
            pass
    except OSError as error:
        raise DirectoryUnusable(f"{directory} cannot be written: {error}. Choose another place.") from error


def package(
    directory: Path,
    model: digits_av.DigitsAV,
    accuracy: Accuracy,
    samples: Iterable[Any],
    flavour: Flavour = PAIRS,
) -> None:
    """Write the artifact to `directory`, which appears whole or not at all. Raises DirectoryUnusable or OSError.

    `samples` are held out and of the flavour's kind: HeldOutSample for PAIRS, TalkingDigit for CLIPS.
    """
    require_usable(directory)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        digits_av.save_model(model, unfinished)
        _write(unfinished, accuracy, flavour, flavour.requests(samples))
        _make_readable(unfinished)
        unfinished.rename(directory)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _write(directory: Path, accuracy: Accuracy, flavour: Flavour, requests: list[Request]) -> None:
    for module in flavour.code:
        source = Path(str(module.__file__))
        shutil.copyfile(source, directory / source.name)
    described = flavour.manifest(accuracy, _write_samples(directory, requests))
    text = yaml.safe_dump(described, sort_keys=False, default_flow_style=None, width=120)
    (directory / "model.yaml").write_text(text, encoding="utf-8")


def _write_samples(directory: Path, requests: list[Request]) -> list[dict[str, str]]:
    """Write the files and name them as the requests."""
    (directory / "samples").mkdir()
    for name, content in (file for request in requests for file in request.values()):
        (directory / "samples" / name).write_bytes(content)
    return [{key: f"samples/{name}" for key, (name, _) in request.items()} for request in requests]


def _make_readable(directory: Path) -> None:
    """The usual modes: mkdtemp lets nobody but the owner in, and a replica may run as another user."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
