"""What other apps may hear of."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class EndpointChanged(Event):
    """An endpoint was made, changed, switched off or deleted."""

    name: ClassVar[str] = "webhooks.endpoint_changed"
    endpoint_id: int
    active: bool
