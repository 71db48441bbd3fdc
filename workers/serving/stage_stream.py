"""A replica's side of its stage's streams: read what waits, take over what the dead left, finish in one transaction.

The records of what is answered go out in that transaction, too: no answer is without its record, whoever dies.

A stage has three streams, one a priority. An entry stays pending with the consumer it was delivered to until it is
finished, and is deleted then, so XLEN counts what waits or is in progress. A consumer without a heartbeat key is dead;
its entries are claimed one at a time, so that a request which kills its replica dies alone and cannot use up its
neighbours' tries.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any, cast

import hiredis
import msgspec
from redis.exceptions import NoScriptError, ResponseError

from workers.serving import names, scripts, wire
from workers.serving.record import Record, encode_records
from workers.serving.spool import Spool
from workers.serving.valkey import BLOCK
from workers.serving.valkey.address import Command
from workers.serving.valkey.sync_link import SyncLink

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


class Entry(msgspec.Struct, frozen=True):
    """One delivery of a message, in as many parts as stages gave to it; `deliveries` counts the earlier ones."""

    stream: str
    id: bytes
    parts: tuple[bytes, ...]
    deliveries: int = 0


class Onward(msgspec.Struct, frozen=True):
    """A message for the next stage. Where that joins several, `part` is whose this is, of `joins` in all."""

    stream: str
    raw: bytes
    samples: int
    join_key: str = ""
    part: str = ""
    joins: int = 1
    keep_ms: int = 0


class Finished(msgspec.Struct, frozen=True):
    """What became of one entry: a reply to a gateway, messages to the next stages, or nothing (it was no request).

    Without an entry it is news of one that goes on.
    """

    entry: Entry | None
    raw: bytes = b""
    gateway: str = ""
    onward: tuple[Onward, ...] = ()
    record: Record | None = None  # of the prediction, with its reply

    @property
    def size(self) -> int:
        """Bytes it takes on the way."""
        return len(self.raw) + (sum(len(each.raw) for each in self.onward) if self.onward else 0)


def parcels(finished: Iterable[Finished], limit: int = wire.MESSAGE_LIMIT) -> list[list[Finished]]:
    """What may be sent in one transaction each, in order: up to `limit` bytes, or one that is as large alone.

    Valkey refuses a value over 512 MiB and a transaction over 1 GiB by closing the connection, and a whole batch may be
    larger; sent again and again it would keep the replica from ever doing anything else.
    """
    parcels: list[list[Finished]] = []
    size = limit
    for each in finished:
        size += each.size
        if size > limit or not parcels:
            parcels.append([])
            size = each.size
        parcels[-1].append(each)
    return parcels


class StageStream:
    """Commands on one stage's streams for one replica. Every method raises one of valkey.FAILED."""

    def __init__(self, link: SyncLink, stream: str, replica: str, spool: Spool) -> None:
        self._link = link
        self._spool = spool
        self._streams = names.sisters(stream)
        self._replica = replica
        self._own_left = True  # entries of a former life under this name, or of a transaction that was lost
        self._judge_from = 0.0  # monotonic

    def join(self, after_outage: bool = False) -> None:
        """Make sure of the groups, and look again at what this replica was already given.

        After an outage nobody's heartbeat says anything until everyone had the time to renew it.
        """
        self._own_left = True
        if after_outage:
            self._judge_from = time.monotonic() + HEARTBEAT_TTL
        create = [("XGROUP", "CREATE", stream, names.GROUP, "0", "MKSTREAM") for stream in self._streams]
        _raise_first(self._link.ask(create), but="BUSYGROUP")

    def exchange(self, finished: list[Finished], samples: int, size: int, *, wait: bool) -> list[Entry]:
        """Finish, all or nothing, and read what comes next, in one round trip: about `samples` and `size` bytes at
        most, the most urgent first; with `wait` set, whatever comes first, up to a second.

        Raises for what was to be finished, also when the reading went well: what was read is then this replica's own
        and found by `take_over` after `join`.
        """
        read = self._block(samples) if wait else self._take(samples, size)
        replies = self._link.ask([*self._finish(finished), read] if finished else [read])
        if finished:
            _raise_first(replies[:-1])
        if isinstance(replies[-1], NoScriptError):
            replies = [self._link.call("SCRIPT", "LOAD", scripts.TAKE.text), self._link.call(*read)]
        if isinstance(replies[-1], Exception):
            raise replies[-1]
        return self._blocked(replies[-1]) if wait else self._taken(replies[-1])

    def finish(self, finished: list[Finished]) -> None:
        """Send the replies and the messages, and strike the entries off: all or nothing."""
        _raise_first(self._link.ask(self._finish(finished)))

    def take_over(self, under_way: Collection[bytes] = ()) -> Entry | None:
        """The oldest entry nobody works on: this replica's own from before an outage, but for what is `under_way`, or a
        dead replica's."""
        for stream in self._streams:
            for consumer in self._idle_consumers(stream):
                entry = self._claim_oldest(stream, consumer, under_way)
                if entry is not None:
                    return entry
        self._own_left = False
        return None

    def holds(self, entry: Entry) -> bool:
        """Whether the entry is still there; its gateway withdraws one that nobody waits for any more."""
        return bool(self._link.call("XRANGE", entry.stream, entry.id, entry.id))

    def leave(self) -> None:
        """Strike this replica off its groups, unless it still owes answers, which others shall find under its name."""
        for stream in self._streams:
            consumers = {each["name"]: each for each in self._consumers(stream)}
            if consumers.get(self._replica, {}).get("pending") == 0:
                self._link.call("XGROUP", "DELCONSUMER", stream, names.GROUP, self._replica)

    # What is sent

    def _take(self, samples: int, size: int) -> Command:
        keys = (len(self._streams), *self._streams)
        return ("EVALSHA", scripts.TAKE.sha, *keys, names.GROUP, self._replica, samples, size)

    def _block(self, count: int) -> Command:
        group = ("XREADGROUP", "GROUP", names.GROUP, self._replica, "COUNT", count, "BLOCK", int(BLOCK * 1000))
        return (*group, "STREAMS", *self._streams, ">", ">", ">")

    def _finish(self, finished: Iterable[Finished]) -> list[Command]:
        replies: dict[str, list[bytes]] = {}
        done: dict[str, list[bytes]] = {}
        records: list[Record] = []
        commands: list[Command] = [("MULTI",)]
        for each in finished:
            if each.gateway:
                replies.setdefault(each.gateway, []).append(each.raw)
            if each.entry:
                done.setdefault(each.entry.stream, []).append(each.entry.id)
            if each.record:
                records.append(each.record)
            if each.onward:
                commands += map(_onward, each.onward)
        if records:
            predictions = sum([each.asked.mirrored is None for each in records])
            commands.append(self._spool.put(encode_records(records), predictions))
        for gateway, encoded in replies.items():
            commands += _reply(names.reply_stream(gateway), encoded)
        for stream, entries in done.items():
            commands += [("XACK", stream, names.GROUP, *entries), ("XDEL", stream, *entries)]
        return [*commands, ("EXEC",)]

    # What comes back

    def _taken(self, taken: list[Any]) -> list[Entry]:
        return [Entry(self._streams[place], entry, _parts(fields)) for place, entry, fields in taken]

    def _blocked(self, read: list[Any] | None) -> list[Entry]:
        by_stream = {stream.decode(): entries for stream, entries in read or ()}
        return [
            Entry(stream, entry, _parts(fields))
            for stream in self._streams
            for entry, fields in by_stream.get(stream, ())
        ]

    # What the dead left

    def _idle_consumers(self, stream: str) -> Iterator[str]:
        if self._own_left:
            yield self._replica
        if time.monotonic() < self._judge_from:
            return
        for consumer in self._consumers(stream):
            name = consumer["name"]
            if name != self._replica and not self._link.call("EXISTS", names.replica_key(name)):
                if consumer["pending"]:
                    yield name
                elif consumer["idle"] > _FORGET_IDLE:
                    self._link.call("XGROUP", "DELCONSUMER", stream, names.GROUP, name)

    def _consumers(self, stream: str) -> list[dict[str, Any]]:
        """`name`, `pending` and `idle` of each."""
        try:
            consumers = self._link.call("XINFO", "CONSUMERS", stream, names.GROUP)
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "ERR no such key")):
                raise
            return []
        pairs = ({each[at].decode(): each[at + 1] for at in range(0, len(each), 2)} for each in consumers)
        return [each | {"name": each["name"].decode()} for each in pairs]

    def _claim_oldest(self, stream: str, consumer: str, under_way: Collection[bytes]) -> Entry | None:
        idle = 0 if consumer == self._replica else _CLAIM_IDLE
        pending = self._link.call("XPENDING", stream, names.GROUP, "-", "+", 16, consumer)
        for entry, _, _, deliveries in pending:
            if entry in under_way:
                continue
            claimed = self._link.call("XCLAIM", stream, names.GROUP, self._replica, idle, entry)
            if claimed:  # or else another replica was quicker, or its gateway has withdrawn it
                return Entry(stream, entry, _parts(claimed[0][1]), deliveries)
        return None


def _parts(fields: list[bytes]) -> tuple[bytes, ...]:
    """The messages among an entry's fields and values."""
    if len(fields) == 2 and fields[0] == names.MESSAGE_FIELD:
        return (fields[1],)
    return tuple(fields[at + 1] for at in range(0, len(fields), 2) if fields[at] == names.MESSAGE_FIELD)


def _onward(onward: Onward) -> Command:
    if onward.joins > 1:
        keys = (2, onward.join_key, onward.stream)
        return ("EVAL", scripts.JOIN.text, *keys, onward.part, onward.raw, onward.joins, onward.keep_ms, onward.samples)
    return added(onward.stream, onward.raw, onward.samples)


def added(stream: str, raw: bytes, samples: int) -> Command:
    """The command that puts a message into a stage's stream."""
    if samples == 1:
        return ("XADD", stream, "*", names.MESSAGE_FIELD, raw)
    return ("XADD", stream, "*", names.SAMPLES_FIELD, samples, names.MESSAGE_FIELD, raw)


def packed(stream: str, raw: bytes, samples: int) -> bytes:
    """The same command as bytes; only the message is new each time."""
    return b"%b%d\r\n%b\r\n" % (_beginning(stream, samples), len(raw), raw)


@lru_cache(maxsize=1024)
def _beginning(stream: str, samples: int) -> bytes:
    """The command up to its message's length."""
    return cast(bytes, hiredis.pack_command(added(stream, b"", samples))).removesuffix(b"0\r\n\r\n")


def _reply(stream: str, encoded: list[bytes]) -> list[Command]:
    raw = wire.join_replies(encoded)
    return [
        ("XADD", stream, "MAXLEN", "~", _REPLIES_KEPT, "*", names.REPLIES_FIELD, raw),
        ("EXPIRE", stream, _REPLY_TTL),
    ]


def _raise_first(replies: list[Any], but: str = "\0") -> None:
    """Raise the error that explains a refused transaction: the first that is not `but`."""
    for reply in replies:
        if isinstance(reply, Exception) and not str(reply).startswith(but):
            raise reply
        if isinstance(reply, list):  # what EXEC says of each command that was queued
            _raise_first(reply)
