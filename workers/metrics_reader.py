"""Reading the metrics stream as one of a consumer group."""

from dataclasses import dataclass
from typing import Any

from redis import Redis, ResponseError

from workers.serving.names import METRICS

#: The group that shares the stream's entries between ingest processes.
GROUP = "ingest"
#: Field of an entry that holds its JSON.
FIELD = b"m"
#: Entries taken at once.
_BATCH = 500
#: An entry nobody acknowledged for so long, in milliseconds, belongs to a dead process. Should that live after all, no
#: harm is done: entries are counted once by their number.
_ABANDONED_MS = 10_000
#: A reader silent for so long, in milliseconds, that holds nothing is forgotten.
_FORGET_MS = 600_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of the stream and its JSON."""

    id: str
    body: bytes


class MetricsReader:
    """The stream as seen by the reader called `name`, which must be its own."""

    def __init__(self, client: Redis, name: str) -> None:
        self.client = client
        self.name = name

    def news(self, block_ms: int) -> list[Delivery]:
        """Entries that no reader was given before; waits up to `block_ms` for the first."""
        try:
            answer: Any = self.client.xreadgroup(GROUP, self.name, {METRICS: ">"}, count=_BATCH, block=block_ms)
        except ResponseError as error:
            self._mend_group(error)
            return []
        return [_delivery(id_, fields) for _, entries in answer or () for id_, fields in entries]

    def left_behind(self) -> list[Delivery]:
        """Entries whose reader died before acknowledging them; they are ours now."""
        try:
            answer: Any = self.client.xautoclaim(METRICS, GROUP, self.name, _ABANDONED_MS, count=_BATCH)
            self._forget_the_dead()
        except ResponseError as error:
            self._mend_group(error)
            return []
        return [_delivery(id_, fields) for id_, fields in answer[1]]

    def acknowledge(self, deliveries: list[Delivery]) -> None:
        """Say that these are counted."""
        if deliveries:
            self.client.xack(METRICS, GROUP, *(each.id for each in deliveries))

    def _mend_group(self, error: ResponseError) -> None:
        """Make the group where it is missing: on the first start, or after Valkey lost its data."""
        if "NOGROUP" not in str(error):
            raise error
        self.client.xgroup_create(METRICS, GROUP, id="0", mkstream=True)

    def _forget_the_dead(self) -> None:
        readers: Any = self.client.xinfo_consumers(METRICS, GROUP)
        for reader in readers:
            if not reader["pending"] and reader["idle"] > _FORGET_MS:
                self.client.xgroup_delconsumer(METRICS, GROUP, reader["name"])


def _delivery(id_: bytes, fields: dict[bytes, bytes]) -> Delivery:
    return Delivery(id_.decode(), fields.get(FIELD, b""))
