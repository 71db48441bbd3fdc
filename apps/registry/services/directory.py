"""Registering a directory of this machine, by the same door as REST."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.core.models import User
from apps.registry.models import ModelVersion, RegisteredModel, Upload
from apps.registry.services.upload import upload_discard, upload_start, upload_write
from apps.registry.services.version import version_register


def directory_register(
    *,
    actor: User,
    model: RegisteredModel,
    directory: Path,
    lineage: Mapping[str, Any] | None = None,
    parent: ModelVersion | None = None,
    alias: str | None = None,
) -> tuple[ModelVersion, bool]:
    """Make the directory's files the next version of `model`, as version_register does; what fails leaves no upload."""
    files = directory_files(directory)[0]
    upload = upload_start(actor=actor, model=model)
    try:
        for path, location in files.items():
            _send(actor, upload, path, location)
        return version_register(actor=actor, model=model, upload=upload, lineage=lineage, parent=parent, alias=alias)
    except Exception:
        upload_discard(actor=actor, upload=upload)
        raise


def directory_files(directory: Path) -> tuple[dict[str, Path], list[str]]:
    """Locations by path, and the paths that are left out: hidden files and Python's caches."""
    files, left_out = {}, []
    for location in sorted(path for path in directory.rglob("*") if path.is_file()):
        names = location.relative_to(directory).parts
        if any(name.startswith(".") or name == "__pycache__" for name in names):
            left_out.append("/".join(names))
        else:
            files["/".join(names)] = location
    return files, left_out


def _send(actor: User, upload: Upload, path: str, location: Path) -> None:
    with location.open("rb") as stream:
        length = location.stat().st_size
        upload_write(actor=actor, upload=upload, path=path, stream=stream, length=length)
