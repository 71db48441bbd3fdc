"""Reading a stream of the gateways as one of a consumer group."""

from dataclasses import dataclass
from typing import Any

from redis import Redis, ResponseError

#: The group that shares a stream's entries between ingest processes.
GROUP = "ingest"
#: Field of an entry that holds its JSON.
FIELD = b"m"
#: An entry nobody acknowledged for so long, in milliseconds, belongs to a dead process. Should that live after all, no
#: harm is done: entries count once, by what is in them.
_ABANDONED_MS = 10_000
#: A reader silent for so long, in milliseconds, that holds nothing is forgotten.
_FORGET_MS = 600_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of the stream and its JSON."""

    id: str
    body: bytes


class StreamReader:
    """The stream as seen by the reader called `name`, which must be its own; `batch` entries at once.

    `trims`: what is acknowledged is deleted, in a stream that its writers do not bound.
    """

    def __init__(self, client: Redis, stream: str, name: str, batch: int = 500, trims: bool = False) -> None:
        self.client = client
        self.stream = stream
        self.name = name
        self.batch = batch
        self.trims = trims

    def news(self, block_ms: int | None) -> list[Delivery]:
        """Entries that no reader was given before; waits up to `block_ms` for the first, or not at all."""
        try:
            answer: Any = self.client.xreadgroup(GROUP, self.name, {self.stream: ">"}, count=self.batch, block=block_ms)
        except ResponseError as error:
            self._mend_group(error)
            return []
        return [_delivery(id_, fields) for _, entries in answer or () for id_, fields in entries]

    def left_behind(self) -> list[Delivery]:
        """Entries whose reader died before acknowledging them; they are ours now."""
        try:
            answer: Any = self.client.xautoclaim(self.stream, GROUP, self.name, _ABANDONED_MS, count=self.batch)
            self._forget_the_dead()
        except ResponseError as error:
            self._mend_group(error)
            return []
        return [_delivery(id_, fields) for id_, fields in answer[1]]

    def acknowledge(self, deliveries: list[Delivery]) -> None:
        """Say that these are dealt with."""
        ids = [each.id for each in deliveries]
        if not ids:
            return
        with self.client.pipeline() as both:  # an entry that was acknowledged and not deleted would stay for ever
            both.xack(self.stream, GROUP, *ids)
            if self.trims:
                both.xdel(self.stream, *ids)
            both.execute()

    def _mend_group(self, error: ResponseError) -> None:
        """Make the group where it is missing: on the first start, or after Valkey lost its data."""
        if "NOGROUP" not in str(error):
            raise error
        self.client.xgroup_create(self.stream, GROUP, id="0", mkstream=True)

    def _forget_the_dead(self) -> None:
        readers: Any = self.client.xinfo_consumers(self.stream, GROUP)
        for reader in readers:
            if not reader["pending"] and reader["idle"] > _FORGET_MS:
                self.client.xgroup_delconsumer(self.stream, GROUP, reader["name"])


def _delivery(id_: bytes, fields: dict[bytes, bytes]) -> Delivery:
    return Delivery(id_.decode(), fields.get(FIELD, b""))
