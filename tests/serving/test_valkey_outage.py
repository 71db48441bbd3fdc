"""Valkey killed -9 and restarted: what waits is answered, what comes meanwhile is told so, service resumes."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.serving import worlds
from tests.serving.planes import HELD, Plane, numbers
from tests.serving.processes import until
from workers.serving import spool
from workers.serving.stage_stream import StageStream
from workers.serving.valkey import FAILED, connect, may_pass
from workers.serving.valkey.sync_link import SyncLink


@pytest.fixture
def plane(own_valkey, tmp_path):
    with Plane(own_valkey.url, tmp_path, QUARTET_OUTAGE_GRACE_MS=0) as plane:
        plane.publish(doubler=worlds.deployment(timeout_ms=60_000))
        yield plane
        until(plane.valkey.ping, "Valkey to be back for the cleaning")


def is_ready(plane) -> bool:
    return plane.http.get("/v2/health/ready").status_code == 200


def test_service_resumes_when_valkey_is_back(plane, own_valkey):
    plane.serve()
    assert numbers(plane.ask(1, 2)) == [2, 4]
    own_valkey.kill()
    own_valkey.start()
    until(lambda: is_ready(plane) and plane.ask(1, 2).status_code == 200, "service to resume")


def test_a_request_under_way_is_answered_after_the_outage(plane, own_valkey):
    plane.serve()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(plane.ask, HELD, 0)
        until(plane.entered, "the batch to be under way")
        own_valkey.kill()
        plane.open_gate()
        own_valkey.start()
        assert numbers(held.result()) == [2 * HELD, 0]


def test_a_request_that_waited_in_the_stream_is_answered_after_the_outage(plane, own_valkey):
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(plane.ask, 1, 2)
        until(lambda: plane.depth() == 1, "the request to wait")
        own_valkey.kill()
        own_valkey.start()
        plane.serve()
        assert numbers(waiting.result()) == [2, 4]


def test_a_request_is_answered_even_when_valkey_lost_everything(plane, own_valkey, tmp_path):
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(plane.ask, 1, 2)
        until(lambda: plane.depth() == 1, "the request to wait")
        own_valkey.kill()
        for file in (tmp_path / "valkey").rglob("*.*"):
            if file.is_file():
                file.unlink()
        own_valkey.start()
        plane.serve()
        assert numbers(waiting.result()) == [2, 4]


def test_a_replica_finds_its_stream_again_when_valkey_lost_everything(plane, own_valkey):
    plane.serve()
    plane.valkey.flushall()
    plane.publish(doubler=worlds.deployment())
    assert numbers(plane.ask(1, 2)) == [2, 4]


STEPS = {
    "take over": StageStream.take_over,
    "read": lambda stream: stream.exchange([], 1, 1, wait=False),
    "wait": lambda stream: stream.exchange([], 1, 1, wait=True),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_stream_that_is_lost_between_any_two_steps_is_joined_again(redis_url, step):
    with connect(redis_url) as client, closing(SyncLink(redis_url)) as link:
        stream = StageStream(link, "quartet:stage:lost:1:all", "r1", spool.predictions(0))
        stream.join()
        client.delete("quartet:stage:lost:1:all")
        with pytest.raises(FAILED) as lost:
            step(stream)
        assert may_pass(lost.value)
        stream.join()
        assert step(stream) in (None, [])
        client.delete("quartet:stage:lost:1:all")


def test_a_stream_that_is_lost_while_a_replica_waits_for_it_is_joined_again(plane):
    replica = plane.serve()
    until(lambda: plane.valkey.info("clients")["blocked_clients"] == 2, "gateway and replica to wait")
    plane.valkey.flushall()
    plane.publish(doubler=worlds.deployment())
    assert numbers(plane.ask(1, 2)) == [2, 4]
    assert replica.process.poll() is None


def test_during_an_outage_requests_are_503_at_once_and_the_gateway_lives_but_is_not_ready(plane, own_valkey):
    own_valkey.kill()
    until(lambda: not is_ready(plane), "the gateway to notice")
    refused = plane.ask(1, 2)
    assert (refused.status_code, refused.json()["code"], refused.json()["fault"]) == (503, "queue_away", "platform")
    assert int(refused.headers["retry-after"]) > 0
    assert plane.http.get("/v2/health/live").status_code == 200
    own_valkey.start()


def test_a_gateway_that_boots_during_an_outage_routes_by_its_cache(plane, own_valkey):
    until((plane.folder / "home/gateway/routing.json").exists, "the cache to be written")
    own_valkey.kill()
    from tests.serving.processes import Gateway

    second = Gateway(own_valkey.url, plane.folder / "home")
    try:
        ready = plane.http.get(f"{second.url}/v2/models/doubler/ready")
        assert ready.json() == {"name": "doubler", "ready": True}
    finally:
        second.stop()
        own_valkey.start()
