"""Valkey out of memory or disk: requests are told so, nothing dies of it, and what was computed is sent afterwards."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from tests.serving import worlds
from tests.serving.planes import HELD, Plane, numbers
from tests.serving.processes import until
from workers.serving import heartbeat, names


class OutOfMemory:
    """`maxmemory` below what is in use, and nothing may be evicted: OOM."""

    code = "OOM"

    def __init__(self, client: Redis, _: Path) -> None:
        self._client = client

    def begin(self) -> None:
        self._client.config_set("maxmemory", 1)

    def end(self) -> None:
        self._client.config_set("maxmemory", 0)


class DiskFull:
    """The last snapshot to disk failed, as on a full disk, here because a directory is in its way: MISCONF."""

    code = "MISCONF"

    def __init__(self, client: Redis, folder: Path) -> None:
        self._client = client
        self._obstacle = folder / "dump.rdb"

    def begin(self) -> None:
        self._obstacle.mkdir(exist_ok=True)
        self._client.config_set("save", "3600 1")
        self._client.bgsave()
        until(lambda: self._client.info("persistence")["rdb_last_bgsave_status"] == "err", "the saving to fail")

    def end(self) -> None:
        self._client.config_set("save", "")


class ReadOnly:
    """Valkey has become the replica of another, which nobody can reach: READONLY."""

    code = "READONLY"

    def __init__(self, client: Redis, _: Path) -> None:
        self._client = client

    def begin(self) -> None:
        self._client.replicaof("127.0.0.1", "1")

    def end(self) -> None:
        self._client.replicaof("NO", "ONE")


@pytest.fixture
def plane(own_valkey, tmp_path):
    with Plane(own_valkey.url, tmp_path) as plane:
        plane.publish(doubler=worlds.deployment(timeout_ms=60_000))
        yield plane


@pytest.fixture(params=[OutOfMemory, DiskFull])
def trouble(request, plane, tmp_path):
    trouble = request.param(plane.valkey, tmp_path / "valkey")
    yield trouble
    trouble.end()


def refusals(plane: Plane, code: str) -> int:
    """How often Valkey has refused a command with this code."""
    return plane.valkey.info("errorstats").get(f"errorstat_{code}", {}).get("count", 0)


def test_a_request_is_503_and_told_when_to_come_back(plane, trouble):
    trouble.begin()
    refused = plane.ask(1, 2)
    assert (refused.status_code, refused.json()["code"], refused.json()["fault"]) == (503, "queue_full", "platform")
    assert int(refused.headers["retry-after"]) > 0


def health(plane: Plane, what: str) -> tuple[int, dict[str, bool]]:
    answer = plane.http.get(f"/v2/health/{what}")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("trouble", [OutOfMemory, DiskFull, ReadOnly], indirect=True)
def test_the_gateway_lives_but_is_not_ready_until_writes_are_taken_again(plane, trouble):
    assert health(plane, "ready") == (200, {"live": True, "ready": True})
    trouble.begin()
    until(lambda: health(plane, "ready") == (503, {"live": True, "ready": False}), "the gateway not to be ready")
    assert health(plane, "live") == (200, {"live": True})
    trouble.end()
    until(lambda: health(plane, "ready") == (200, {"live": True, "ready": True}), "the gateway to be ready")


def test_what_was_under_way_is_answered_afterwards(plane, trouble):
    plane.serve()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(plane.ask, HELD, 0)
        until(plane.entered, "the batch to be under way")
        trouble.begin()
        before = refusals(plane, trouble.code)
        plane.open_gate()
        until(lambda: refusals(plane, trouble.code) > before + 5, "the answer to be refused")
        trouble.end()
        assert numbers(held.result()) == [2 * HELD, 0]


def test_a_replica_lives_on_and_beats_again(plane, trouble):
    replica = plane.serve()
    plane.valkey.delete(names.replica_key(replica.id))
    trouble.begin()
    time.sleep(2.5 * heartbeat.PERIOD)  # the heartbeat is refused meanwhile, and tells nobody
    trouble.end()
    for _ in range(2):  # the first may be that of joining again
        plane.valkey.delete(names.replica_key(replica.id))
        until(lambda: plane.valkey.exists(names.replica_key(replica.id)), "the heartbeat")
    assert numbers(plane.ask(1, 2)) == [2, 4]


def test_a_replica_counts_as_alive_while_memory_is_full(plane, tmp_path):
    replica = plane.serve()
    until(lambda: plane.valkey.exists(names.replica_key(replica.id)), "the first heartbeat")
    plane.valkey.config_set("maxmemory", 1)
    left = plane.valkey.pexpiretime(names.replica_key(replica.id))
    until(lambda: plane.valkey.pexpiretime(names.replica_key(replica.id)) != left, "another heartbeat, or the end")
    assert plane.valkey.exists(names.replica_key(replica.id))
    plane.valkey.config_set("maxmemory", 0)


def test_a_replica_can_be_drained(plane, trouble):
    replica = plane.serve()
    trouble.begin()
    assert replica.drain() == 0


def test_a_gateway_that_has_to_reconnect_lives_on(plane, trouble):
    plane.serve()
    trouble.begin()
    before = refusals(plane, trouble.code)
    plane.valkey.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    until(lambda: refusals(plane, trouble.code) > before + 5, "commands to be refused")
    trouble.end()
    until(lambda: plane.ask(1, 2).status_code == 200, "service to resume")
    assert plane.gateway.process.poll() is None
