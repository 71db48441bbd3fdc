"""News of the registry."""

from dataclasses import dataclass
from typing import Any, ClassVar

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
class AliasRequested(Event):
    """Somebody wants to move a protected alias; `summary` and `evidence` are what a reviewer should see."""

    name: ClassVar[str] = "registry.alias_requested"
    alias_request_id: int
    model: str
    digest: str
    requested_by: int
    summary: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AliasRequestVoid(Event):
    """An alias is no longer where it was when a move of it was asked for, which will never be made."""

    name: ClassVar[str] = "registry.alias_request_void"
    alias_request_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class VersionCorrupted(Event):
    """The file `path` of a version is not what was registered."""

    name: ClassVar[str] = "registry.version_corrupted"
    version_id: int
    path: str
