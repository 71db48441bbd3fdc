"""The routing snapshot in use: the newest, whole; kept through any outage; never an older one by accident."""

import asyncio
import stat
from collections import Counter

import orjson
import pytest

from tests.serving import worlds
from workers.serving import names
from workers.serving.snapshot_watch import SnapshotWatch
from workers.serving.valkey import connect_async

NOWHERE = "redis://127.0.0.1:1/0"


def raw(number: int) -> bytes:
    return orjson.dumps(worlds.snapshot(number, digits=worlds.deployment()))


class Watched:
    """A watch that runs, and the numbers it swapped in."""

    def __init__(self, url: str, cache) -> None:
        self.client = connect_async(url)
        self.swaps: list[int] = []
        self.watch = SnapshotWatch(self.client, cache, lambda table: self.swaps.append(table.number))
        self.task: asyncio.Task | None = None

    async def __aenter__(self):
        await self.watch.load()
        self.task = asyncio.create_task(self.watch.run())
        return self

    async def __aexit__(self, *_):
        while not self.task.done():  # again and again, as the gateway does: a client's cleaning up can swallow one
            self.task.cancel()
            await asyncio.wait([self.task], timeout=1)
        assert self.task.cancelled()
        await self.client.aclose()

    async def until(self, happens) -> None:
        async with asyncio.timeout(30):
            while not happens():  # noqa: ASYNC110 - what is waited for has no event to tell it
                await asyncio.sleep(0.01)


@pytest.fixture
async def valkey(redis_url):
    client = connect_async(redis_url)
    await client.delete(names.ROUTING)
    yield client
    await client.delete(names.ROUTING)
    await client.aclose()


@pytest.fixture
def watched(redis_url, tmp_path):
    return Watched(redis_url, tmp_path / "gateway/routing.json")


@pytest.fixture
def cache(tmp_path):
    path = tmp_path / "gateway/routing.json"
    path.parent.mkdir()
    return path


async def publish(valkey, number: int) -> None:
    await valkey.set(names.ROUTING, raw(number))
    await valkey.publish(names.ROUTING, number)


async def test_the_snapshot_is_there_at_boot(valkey, watched):
    await publish(valkey, 5)
    async with watched:
        assert watched.swaps == [5]


async def test_a_new_snapshot_is_swapped_in_when_published(valkey, watched):
    await publish(valkey, 5)
    async with watched:
        await publish(valkey, 6)
        await watched.until(lambda: watched.watch.table.number == 6)


async def test_a_snapshot_whose_message_was_lost_is_found_all_the_same(valkey, watched):
    async with watched:
        await valkey.set(names.ROUTING, raw(7))
        await watched.until(lambda: watched.swaps == [7])


async def test_a_look_does_not_read_what_is_known(valkey, watched):
    await publish(valkey, 5)
    async with watched:
        await valkey.config_resetstat()
        for _ in range(3):
            await watched.watch._refresh()
        seen = await commands(valkey)
        assert seen["getrange"] >= 3 and seen["get"] == 0


async def commands(valkey) -> Counter[str]:
    """How often each was called since the counts began."""
    told = await valkey.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): figures["calls"] for name, figures in told.items()})


async def test_a_lower_number_is_refused(valkey, watched):
    await publish(valkey, 5)
    async with watched:
        await publish(valkey, 4)
        await watched.until(lambda: watched.watch.refused == 1)
        assert watched.watch.table.number == 5


async def test_after_the_key_was_deleted_a_lower_number_is_taken(valkey, watched):
    await publish(valkey, 5)
    async with watched:
        await valkey.delete(names.ROUTING)
        await watched.until(lambda: watched.watch._history_open)
        assert watched.watch.table.number == 5
        await publish(valkey, 1)
        await watched.until(lambda: watched.watch.table.number == 1)


async def test_a_snapshot_that_cannot_be_read_is_refused_and_the_last_kept(valkey, watched):
    await publish(valkey, 5)
    async with watched:
        await valkey.set(names.ROUTING, b"{broken")
        await watched.until(lambda: watched.watch.refused == 1)
        assert watched.watch.table.number == 5


async def test_without_valkey_the_disk_cache_is_used(cache):
    cache.write_bytes(raw(8))
    async with Watched(NOWHERE, cache) as watched:
        assert watched.swaps == [8]


async def test_what_valkey_holds_replaces_the_cache_even_with_a_lower_number(valkey, watched, cache):
    cache.write_bytes(raw(8))
    async with watched:
        assert watched.watch.table.number == 8
        await publish(valkey, 3)
        await watched.until(lambda: watched.watch.table.number == 3)


@pytest.mark.parametrize("content", [b"", b"{broken"])
async def test_a_broken_cache_is_no_routing(cache, content):
    cache.write_bytes(content)
    async with Watched(NOWHERE, cache) as watched:
        assert watched.watch.table is None


async def test_the_cache_is_written_for_the_owner_only(valkey, watched, tmp_path):
    await publish(valkey, 5)
    async with watched:
        path = tmp_path / "gateway/routing.json"
        assert path.read_bytes() == raw(5)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(path.parent.iterdir()) == [path]


async def test_a_cache_that_cannot_be_written_stops_nothing(valkey, redis_url, tmp_path):
    (tmp_path / "file").touch()
    await publish(valkey, 5)
    async with Watched(redis_url, tmp_path / "file/routing.json") as watched:
        assert watched.swaps == [5]
