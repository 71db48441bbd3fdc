"""A replica's side of its stage's stream: read what waits, take over what the dead left, finish in one transaction.

An entry stays pending with the consumer it was delivered to until it is finished, and is deleted then, so XLEN counts
what waits or is in progress. A consumer without a heartbeat key is dead; its entries are claimed one at a time, so
that a request which kills its replica dies alone and cannot use up its neighbours' tries.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis
from redis.exceptions import ResponseError

from workers.serving import names, wire
from workers.serving.valkey import BLOCK

#: An entry delivered this often without an answer is answered with an error instead of being tried again.
MAX_DELIVERIES = 3

HEARTBEAT_TTL = 3.0  # seconds

#: Reply streams are read all the time; only one whose gateway has died grows, to this many batches and for this long.
_REPLIES_KEPT = 4096
_REPLY_TTL = 60  # seconds

#: Milliseconds an entry must have lain idle to be claimed, so that two replicas do not take it one after the other.
_CLAIM_IDLE = 500

#: Milliseconds after which a dead consumer that owes nothing is struck off the group.
_FORGET_IDLE = 600_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery of a message; `deliveries` counts the earlier ones."""

    id: bytes
    raw: bytes
    deliveries: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of one entry: a reply to a gateway, a message to the next stream, or nothing (it was no request)."""

    entry: Entry
    raw: bytes = b""
    gateway: str = ""
    onward: str = ""


def parcels(finished: Iterable[Finished], limit: int = wire.MESSAGE_LIMIT) -> list[list[Finished]]:
    """What may be sent in one transaction each, in order: up to `limit` bytes, or one that is as large alone.

    Valkey refuses a value over 512 MiB and a transaction over 1 GiB by closing the connection, and a whole batch may be
    larger; sent again and again it would keep the replica from ever doing anything else.
    """
    parcels: list[list[Finished]] = []
    size = limit
    for each in finished:
        size += len(each.raw)
        if size > limit or not parcels:
            parcels.append([])
            size = len(each.raw)
        parcels[-1].append(each)
    return parcels


class StageStream:
    """Commands on one stage stream for one replica. Every method raises one of valkey.FAILED."""

    def __init__(self, client: redis.Redis, stream: str, replica: str) -> None:
        self._client = client
        self._stream = stream
        self._replica = replica
        self._own_left = True  # entries of a former life under this name, or of a transaction that was lost
        self._judge_from = 0.0  # monotonic

    def join(self, after_outage: bool = False) -> None:
        """Make sure of the group, and look again at what this replica was already given.

        After an outage nobody's heartbeat says anything until everyone had the time to renew it.
        """
        self._own_left = True
        if after_outage:
            self._judge_from = time.monotonic() + HEARTBEAT_TTL
        self._create_group()

    def read(self, count: int) -> list[Entry]:
        """Up to `count` messages that wait; blocks up to a second for the first."""
        command = ("XREADGROUP", "GROUP", names.GROUP, self._replica, "COUNT", count)
        read: Any = self._client.execute_command(*command, "BLOCK", int(BLOCK * 1000), "STREAMS", self._stream, ">")
        entries = read[0][1] if read else []
        return [Entry(entry, fields.get(names.MESSAGE_FIELD, b"")) for entry, fields in entries]

    def take_over(self) -> Entry | None:
        """The oldest entry nobody works on: this replica's own from before an outage, or a dead replica's."""
        for consumer in self._idle_consumers():
            entry = self._claim_oldest(consumer)
            if entry is not None:
                return entry
        self._own_left = False
        return None

    def finish(self, parcel: list[Finished]) -> None:
        """Send the replies, one entry a gateway, and the messages, and strike the entries off: all or nothing."""
        done = [each.entry.id for each in parcel]
        replies: dict[str, list[bytes]] = {}
        for each in parcel:
            if each.gateway:
                replies.setdefault(each.gateway, []).append(each.raw)
        transaction = self._client.pipeline(transaction=True)
        for gateway, encoded in replies.items():
            stream, raw = names.reply_stream(gateway), wire.join_replies(encoded)
            transaction.execute_command("XADD", stream, "MAXLEN", "~", _REPLIES_KEPT, "*", names.REPLIES_FIELD, raw)
            transaction.execute_command("EXPIRE", stream, _REPLY_TTL)
        for each in parcel:
            if each.onward:
                transaction.execute_command("XADD", each.onward, "*", names.MESSAGE_FIELD, each.raw)
        transaction.execute_command("XACK", self._stream, names.GROUP, *done)
        transaction.execute_command("XDEL", self._stream, *done)
        transaction.execute()

    def leave(self) -> None:
        """Strike this replica off the group, unless it still owes answers, which others shall find under its name."""
        consumers = {each["name"].decode(): each for each in self._consumers()}
        if consumers.get(self._replica, {}).get("pending") == 0:
            self._client.xgroup_delconsumer(self._stream, names.GROUP, self._replica)

    def _create_group(self) -> None:
        try:
            self._client.xgroup_create(self._stream, names.GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _idle_consumers(self) -> Iterable[str]:
        if self._own_left:
            yield self._replica
        if time.monotonic() < self._judge_from:
            return
        for consumer in self._consumers():
            name = consumer["name"].decode()
            if name != self._replica and not self._client.exists(names.replica_key(name)):
                if consumer["pending"]:
                    yield name
                elif consumer["idle"] > _FORGET_IDLE:
                    self._client.xgroup_delconsumer(self._stream, names.GROUP, name)

    def _consumers(self) -> list[dict[str, Any]]:
        try:
            consumers: Any = self._client.xinfo_consumers(self._stream, names.GROUP)
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "no such key")):
                raise
            return []
        return list(consumers)

    def _claim_oldest(self, consumer: str) -> Entry | None:
        idle = 0 if consumer == self._replica else _CLAIM_IDLE
        pending: Any = self._client.xpending_range(self._stream, names.GROUP, "-", "+", 16, consumer)
        for each in pending:
            claimed: Any = self._client.xclaim(self._stream, names.GROUP, self._replica, idle, [each["message_id"]])
            if claimed:  # or else another replica was quicker, or its gateway has withdrawn it
                identifier, fields = claimed[0]
                return Entry(identifier, fields.get(names.MESSAGE_FIELD, b""), each["times_delivered"])
        return None
