"""News of the registry."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class VersionRegistered(Event):
    """A new version can be deployed. `model` is its name, `version` its number."""

    name: ClassVar[str] = "registry.version_registered"
    version_id: int
    model: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class AliasMoved(Event):
    """An alias points at `version`, or at nothing any more when that is None; `previous` is what it left."""

    name: ClassVar[str] = "registry.alias_moved"
    model: str
    alias: str
    version: int | None
    previous: int | None


@dataclass(frozen=True, slots=True)
class VersionCorrupted(Event):
    """The file `path` of a version is not what was registered."""

    name: ClassVar[str] = "registry.version_corrupted"
    version_id: int
    path: str
