"""Checks an artifact on disk against its list of files, byte for byte, before anything of it is loaded."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec


class ArtifactFile(msgspec.Struct, frozen=True):
    """One file of a model version; `path` is relative to the artifact's directory."""

    path: str
    sha256: str
    size: int  # bytes


class ArtifactCorrupt(Exception):
    """A file is missing, changed or should not be there; `path` names it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"The artifact's file '{path}' {why}, so the version is not loaded.")
        self.path = path


def verify(directory: Path, files: Iterable[ArtifactFile]) -> None:
    """Raises ArtifactCorrupt for the first file that is not as listed, or is not listed at all."""
    expected = {file.path: file for file in files}
    found = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_symlink() or path.is_file()}
    for path in sorted(found - expected.keys()):
        raise ArtifactCorrupt(path, "is not part of the version")
    for path, file in sorted(expected.items()):
        _verify(directory / path, file)


def _verify(path: Path, file: ArtifactFile) -> None:
    if path.is_symlink() or not path.is_file():
        raise ArtifactCorrupt(file.path, "is missing or not a plain file")
    size = path.stat().st_size
    if size != file.size:
        raise ArtifactCorrupt(file.path, f"has {size} bytes and not {file.size}")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != file.sha256:
        raise ArtifactCorrupt(file.path, f"has the sha256 {digest} and not {file.sha256}")
