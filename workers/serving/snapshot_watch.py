"""Keeps the newest RoutingSnapshot: loaded at boot, swapped whole on each publication, kept when the rest is down.

Numbers only grow. A lower one than the one in use (two publishers whose SETs overtook each other, a message that came
late) is refused and said so in the log and in /metrics. There are two ways to begin a new history on purpose, for
instance after PostgreSQL was restored from a backup: delete the key `quartet:routing`, whereupon every gateway keeps
what it has and takes whatever number is published next; or restart the gateway, which takes what Valkey holds.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import redis.asyncio

from workers.serving import names
from workers.serving.routing import BadSnapshot, RoutingTable, parse
from workers.serving.valkey import AWAY, pauses

log = logging.getLogger(__name__)

#: Seconds between looks at the key itself, in case a published message was lost.
POLL = 1.5


class SnapshotWatch:
    """Holds the current table. Used from the event loop only; `run` runs for ever."""

    def __init__(self, client: redis.asyncio.Redis, cache: Path, on_swap: Callable[[RoutingTable], None]) -> None:
        self.table: RoutingTable | None = None
        self.refused = 0  # snapshots not taken: broken, or with a lower number
        self._client = client
        self._cache = cache
        self._on_swap = on_swap
        self._beginning = b""
        self._history_open = True  # the next number is taken whatever it is

    async def load(self) -> None:
        """At boot: Valkey's snapshot, or else the disk's, which any from Valkey then replaces."""
        try:
            await self._refresh()
        except AWAY as error:
            log.warning("Valkey is away at boot: %s", error)
        if self.table is None:
            self._load_cache()

    async def run(self) -> None:
        """Follow the publications, for ever."""
        rests = pauses()
        while True:
            channel = self._client.pubsub()
            try:
                await channel.subscribe(names.ROUTING)
                while True:
                    await self._refresh()
                    rests = pauses()
                    await channel.get_message(ignore_subscribe_messages=True, timeout=POLL)
            except AWAY:
                await asyncio.sleep(next(rests))
            finally:
                with suppress(*AWAY):  # raised while closing, it would take a cancellation's place
                    await channel.aclose()

    async def _refresh(self) -> None:
        beginning = await self._client.getrange(names.ROUTING, 0, names.ROUTING_BEGINNING - 1)
        if not beginning:
            self._history_open = True
        elif beginning != self._beginning:
            await self._take()

    async def _take(self) -> None:
        raw = cast(bytes | None, await self._client.get(names.ROUTING))
        if raw is None:  # deleted since
            return
        self._beginning = raw[: names.ROUTING_BEGINNING]
        if self._consider(raw):
            await asyncio.to_thread(self._save_cache, raw)

    def _consider(self, raw: bytes) -> bool:
        """Whether the snapshot was taken into use."""
        try:
            table = parse(raw)
        except BadSnapshot as error:
            return self._refuse(f"it cannot be read: {error}")
        if self.table and table.number < self.table.number and not self._history_open:
            return self._refuse(
                f"its number {table.number} is lower than {self.table.number}, which is in use. If the control plane "
                f"was restored from a backup, delete the key {names.ROUTING} and publish again."
            )
        self._history_open = False
        self._swap(table)
        return True

    def _refuse(self, why: str) -> bool:
        self.refused += 1
        log.error("The routing snapshot in Valkey is not taken: %s", why)
        return False

    def _swap(self, table: RoutingTable) -> None:
        self.table = table
        self._on_swap(table)

    def _load_cache(self) -> None:
        try:
            self._swap(parse(self._cache.read_bytes()))
        except FileNotFoundError:
            return
        except (OSError, BadSnapshot) as error:
            log.error("The routing cache %s cannot be used: %s", self._cache, error)

    def _save_cache(self, raw: bytes) -> None:
        """Whole or not at all, and for the owner's eyes only: it holds the hashes of keys."""
        part = self._cache.with_name(f"{self._cache.name}.{os.getpid()}")
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            part.touch(0o600)
            part.write_bytes(raw)
            part.replace(self._cache)
        except OSError as error:
            log.error("The routing cache %s cannot be written: %s", self._cache, error)
