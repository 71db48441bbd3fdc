"""Write a trained model as an artifact: the directory that is registered and served.

The same model gives the same bytes: no times, no paths, no names of machines in it.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from workers.training.digits_av.artifact import digits_av
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.held_out import HeldOutSample
from workers.training.digits_av.manifest import manifest


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


def package(directory: Path, model: digits_av.DigitsAV, accuracy: Accuracy, samples: Iterable[HeldOutSample]) -> None:
    """Write the artifact to `directory`, which appears whole or not at all. Raises DirectoryUnusable or OSError."""
    require_usable(directory)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        _write(unfinished, model, accuracy, samples)
        _make_readable(unfinished)
        unfinished.rename(directory)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _write(directory: Path, model: digits_av.DigitsAV, accuracy: Accuracy, samples: Iterable[HeldOutSample]) -> None:
    digits_av.save_model(model, directory)
    shutil.copyfile(digits_av.__file__, directory / "digits_av.py")
    described = manifest(accuracy, _write_samples(directory, samples))
    text = yaml.safe_dump(described, sort_keys=False, default_flow_style=None, width=120)
    (directory / "model.yaml").write_text(text, encoding="utf-8")


def _write_samples(directory: Path, samples: Iterable[HeldOutSample]) -> list[dict[str, str]]:
    """Write the files and name them as requests: each with both modalities, then one with each alone."""
    (directory / "samples").mkdir()
    files = []
    for digit, png, wav in samples:
        image, sound = f"samples/{digit}.png", f"samples/{digit}.wav"
        (directory / image).write_bytes(png)
        (directory / sound).write_bytes(wav)
        files.append({"image": image, "sound": sound})
    alone = [{"image": files[0]["image"]}, {"sound": files[0]["sound"]}] if files else []
    return files + alone


def _make_readable(directory: Path) -> None:
    """The usual modes: mkdtemp lets nobody but the owner in, and a replica may run as another user."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
