"""What an event is: a frozen dataclass with a name, written to the outbox in the transaction that made it true."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event. Fields are plain JSON values; `name` is `<app>.<what happened>`."""

    name: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        """The fields as a listener receives them."""
        return asdict(self)
