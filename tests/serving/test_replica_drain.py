"""A replica told to stop finishes what it began, says so and ends with 0; nothing is lost on the way."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import worlds
from tests.serving.planes import HELD, numbers
from tests.serving.processes import until
from workers.serving import names


@pytest.fixture
def plane(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=60_000))
    return plane


def test_a_drained_replica_says_so_and_ends_with_zero(plane):
    replica = plane.serve()
    assert replica.drain() == 0
    replica.event("drained")


def test_a_replica_whose_host_is_gone_drains_itself(plane):
    replica = plane.serve()
    assert replica.hang_up() == 0


def test_a_batch_under_way_is_answered_before_the_end(plane):
    replica = plane.serve()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(plane.ask, HELD, 0)
        until(plane.entered, "the batch to be under way")
        replica.process.terminate()
        plane.open_gate()
        assert numbers(held.result()) == [2 * HELD, 0]
    assert replica.process.wait() == 0


def test_replicas_may_be_drained_under_load_without_a_failed_request(plane):
    first = plane.serve()
    plane.serve()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(plane.ask, 1, number) for number in range(400)]
        until(asked[100].done, "the load to be under way")
        assert first.drain() == 0
        assert [numbers(each.result())[1] for each in asked] == [2 * number for number in range(400)]


def test_a_drained_replica_leaves_no_consumer_and_no_heartbeat_behind(plane):
    replica = plane.serve()
    plane.ask(1, 2)
    replica.drain()
    assert plane.valkey.xinfo_consumers(names.stage_stream("doubler", 1, "all"), names.GROUP) == []
    assert not plane.valkey.exists(names.replica_key(replica.id))
