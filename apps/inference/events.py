"""What other apps may hear of."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class KeyChanged(Event):
    """An API key was made or revoked."""

    name: ClassVar[str] = "inference.key_changed"
    key_id: int
