"""The default storage of assets: files under QUARTET_HOME/assets that are there whole or not at all."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from apps.registry.storage import directory_sync


class AssetFiles(FileSystemStorage):
    """Django's own, but for how it writes: to a name beside, synced, then renamed. A name is a digest, so a second
    writer of it writes the same."""

    @property
    def base_location(self) -> str:  # never cached: tests change the setting
        return str(Path(settings.QUARTET_HOME) / "assets")

    @property
    def location(self) -> str:
        return self.base_location

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            with beside.open("xb") as handle:
                handle.writelines(content.chunks())
                handle.flush()
                os.fsync(handle.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        directory_sync(path.parent)
        return name
