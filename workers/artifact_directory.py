"""Writing an artifact's directory: it appears whole or not at all, and nothing that is there already is touched."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml


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


@contextmanager
def written_whole(directory: Path) -> Iterator[Path]:
    """A directory to write to, which becomes `directory` at the end. Raises DirectoryUnusable or OSError."""
    require_usable(directory)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield unfinished
        _make_readable(unfinished)
        unfinished.rename(directory)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def write_manifest(directory: Path, described: dict[str, Any]) -> None:
    """Write model.yaml."""
    text = yaml.safe_dump(described, sort_keys=False, default_flow_style=None, width=120)
    (directory / "model.yaml").write_text(text, encoding="utf-8")


def _make_readable(directory: Path) -> None:
    """The usual modes: mkdtemp lets nobody but the owner in, and a replica may run as another user."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
