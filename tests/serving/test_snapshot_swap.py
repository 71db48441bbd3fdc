"""Traffic moves from one revision to the next without a failed request."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import raw, worlds
from tests.serving.planes import Plane, numbers
from tests.serving.processes import until


@pytest.fixture
def half_sent(plane: Plane):
    """A request to revision 1 that the gateway has let in and whose body is still on its way."""
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(1)]))
    with raw.Connection(plane.gateway.port) as caller:
        caller.send(raw.head() + raw.BODY[:10])
        until(lambda: "quartet_in_flight 1" in plane.http.get("/metrics").text, "the request to be let in")
        yield caller


def revoke(plane: Plane, secret: str) -> None:
    snapshot = worlds.snapshot(plane.announced()[0] + 1, doubler=worlds.deployment())
    plane.publish_snapshot(snapshot | {"keys": [worlds.key(secret, 1, revoked=True)]})


def test_a_swap_under_load_has_no_failed_request(plane):
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(1)]))
    plane.serve(1), plane.serve(2)
    with ThreadPoolExecutor(8) as pool:
        before = [pool.submit(plane.ask, 1, number) for number in range(300)]
        until(before[100].done, "the load to be under way")
        for weight in (10, 50, 100):
            old = [worlds.split(1, 100 - weight)] if weight < 100 else []
            plane.publish(doubler=worlds.deployment(splits=[*old, worlds.split(2, weight)]))
        after = [pool.submit(plane.ask, 1, number) for number in range(100)]
        assert [numbers(each.result())[1] for each in before] == [2 * number for number in range(300)]
        assert {each.result().json()["model_version"] for each in after} == {"2"}


def test_once_announced_nothing_more_comes_to_the_old_revision(plane, half_sent):
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(2)]))
    half_sent.send(raw.BODY[10:])
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(plane.ask, 1, 2) for _ in range(20)]
        plane.serve(2)
        assert {each.result().status_code for each in asked} == {200}
    assert half_sent.answer().json()["model_version"] == "2"
    assert plane.depth(1) == 0


def test_a_request_whose_body_comes_during_a_swap_is_answered_by_the_new_revision(plane, half_sent):
    old = plane.serve(1)
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(2)]))
    plane.serve(2), old.drain()
    half_sent.send(raw.BODY[10:])
    answer = half_sent.answer()
    assert (answer.status, answer.json()["model_version"]) == (200, "2")


def test_a_key_revoked_while_the_body_comes_is_refused(plane, half_sent):
    revoke(plane, worlds.GOOD_KEY)
    half_sent.send(raw.BODY[10:])
    answer = half_sent.answer()
    assert (answer.status, answer.json()["code"]) == (403, "key_revoked")


def test_a_sticky_header_keeps_a_caller_with_one_revision(plane):
    splits = [worlds.split(1, 50), worlds.split(2, 50)]
    plane.publish(doubler=worlds.deployment(splits=splits))
    plane.serve(1), plane.serve(2)

    def version(caller: str) -> str:
        body = worlds.body(worlds.tensor())
        headers = {"X-Quartet-Sticky": caller}
        return plane.http.post("/v2/models/doubler/infer", content=body, headers=headers).json()["model_version"]

    met = {caller: {version(caller) for _ in range(5)} for caller in map(str, range(20))}
    assert all(len(versions) == 1 for versions in met.values())
    assert set().union(*met.values()) == {"1", "2"}


def test_a_revoked_key_is_refused_as_soon_as_the_snapshot_says_so(plane):
    plane.publish(doubler=worlds.deployment())
    plane.serve()
    assert plane.ask(1, 2).status_code == 200
    revoke(plane, worlds.GOOD_KEY)
    assert plane.ask(1, 2).json()["code"] == "key_revoked"
