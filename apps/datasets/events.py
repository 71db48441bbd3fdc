"""News of datasets."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class VersionFrozen(Event):
    """A new dataset version can be trained on and measured with."""

    name: ClassVar[str] = "datasets.version_frozen"
    version_id: int
    dataset: str
    version: int
    digest: str
