"""The gateway holds a bounded number of requests for a bounded time, and forgets whoever hangs up."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import raw, worlds
from tests.serving.planes import HELD, WIDE, Plane, numbers
from tests.serving.processes import until
from workers.serving import names


@pytest.fixture
def small_plane(redis_url, tmp_path):
    with Plane(redis_url, tmp_path, QUARTET_MAX_IN_FLIGHT=2, QUARTET_MAX_BYTES_IN_FLIGHT=1024) as plane:
        yield plane


def gauge(plane, name: str) -> float:
    page = plane.http.get("/metrics").text
    return float(next(line.split()[1] for line in page.splitlines() if line.startswith(name + " ")))


def test_a_request_that_nobody_answers_in_time_is_504(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=100))
    assert late(plane.ask(1, 2)) == ("platform", "No answer came within the 0.1 seconds that the deployment allows.")


def test_a_caller_may_shorten_the_time_limit_and_has_nobody_else_to_blame(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=3_600_000))
    response = plane.ask(1, 2, parameters={"timeout": 300_000})
    assert late(response) == ("caller", "No answer came within the 0.3 seconds that the request allows.")
    assert "`timeout`" in response.json()["remedy"]


def test_a_caller_may_not_lengthen_the_time_limit(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=100))
    response = plane.ask(1, 2, parameters={"timeout": 3_600_000_000})
    assert late(response) == ("platform", "No answer came within the 0.1 seconds that the deployment allows.")


def test_a_time_limit_that_has_passed_before_the_request_is_read_costs_no_model_anything(plane):
    plane.publish(doubler=worlds.deployment())
    response = plane.ask(1, 2, parameters={"timeout": 1})
    assert late(response) == ("caller", "No answer came within the 0.000001 seconds that the request allows.")
    assert not plane.valkey.exists(names.stage_stream("doubler", 1, "all"))


def late(response) -> tuple[str, str]:
    """Whose fault it is that no answer came in time, and what is told of it."""
    answer = response.json()
    expected = {"caller": "own_deadline_passed", "platform": "deadline_passed"}[answer["fault"]]
    assert (response.status_code, answer["code"]) == (504, expected)
    return answer["fault"], answer["error"]


def test_a_request_given_up_is_withdrawn_from_the_stream(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=500))
    plane.ask(1, 2)
    until(lambda: plane.depth() == 0, "the request to be withdrawn")


def test_a_body_that_does_not_come_in_time_is_408(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=200))
    head = f"POST /v2/models/doubler/infer HTTP/1.1\r\nHost: x\r\nX-Api-Key: {worlds.GOOD_KEY}\r\n"
    with socket.create_connection(("127.0.0.1", plane.gateway.port)) as connection:
        connection.sendall(f"{head}Content-Length: 9\r\n\r\n".encode())
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408") and b"connection: close" in answer


def test_more_requests_than_a_deployment_may_hold_are_429(plane):
    plane.publish(doubler=worlds.deployment(max_in_flight=1))
    plane.serve()
    with ThreadPoolExecutor() as pool:
        held = pool.submit(plane.ask, HELD, 0)
        until(plane.entered, "the only place to be taken")
        refused = plane.ask(1, 2)
        plane.open_gate()
        assert numbers(held.result()) == [2 * HELD, 0]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_busy")
    assert int(refused.headers["retry-after"]) > 0
    assert numbers(plane.ask(1, 2)) == [2, 4]


def test_more_requests_than_the_gateway_may_hold_are_429(small_plane):
    small_plane.publish(doubler=worlds.deployment(), other=worlds.deployment())
    small_plane.serve()
    with ThreadPoolExecutor() as pool:
        held = [pool.submit(small_plane.ask, HELD, 0) for _ in range(2)]
        until(lambda: gauge(small_plane, "quartet_in_flight") == 2, "both places to be taken")
        assert small_plane.ask(1, 2, name="other").status_code == 429
        small_plane.open_gate()
        assert [each.result().status_code for each in held] == [200, 200]


def test_more_bytes_than_the_gateway_may_hold_are_429(small_plane):
    small_plane.publish(doubler=worlds.deployment())
    assert small_plane.http.post("/v2/models/doubler/infer", content=b"x" * 2000).status_code == 429
    assert gauge(small_plane, "quartet_bytes_held") == 0


def test_an_answer_that_its_client_does_not_take_is_held_and_counted(redis_url, tmp_path):
    with Plane(redis_url, tmp_path, QUARTET_MAX_BYTES_IN_FLIGHT=25_000_000) as plane:
        plane.publish(doubler=worlds.deployment(outputs=WIDE["outputs"]))
        plane.serve(manifest=WIDE)
        wanted = 4_000_000  # zeros of 4 characters each
        with raw.Connection(plane.gateway.port) as slow:
            body = worlds.body(worlds.tensor(data=(wanted, 0)))
            slow.send(raw.head(length=len(body)) + body)
            until(lambda: gauge(plane, "quartet_bytes_held") > 4 * wanted, "the answer to be held")
            assert gauge(plane, "quartet_in_flight") == 1
            refused = plane.ask(wanted, 0)
            assert (refused.status_code, refused.json()["code"]) == (429, "too_busy")
            assert numbers(plane.ask(2, 0)) == [0, 0]
            assert len(slow.answer().json()["outputs"][0]["data"]) == wanted
        until(lambda: gauge(plane, "quartet_in_flight") == 0, "the place to be free")
        assert gauge(plane, "quartet_bytes_held") == 0


def test_an_answer_larger_than_all_that_may_be_held_is_sent_when_nothing_else_is(small_plane):
    small_plane.publish(doubler=worlds.deployment(outputs=WIDE["outputs"]))
    small_plane.serve(manifest=WIDE)
    assert len(numbers(small_plane.ask(1000, 0))) == 1000


def test_a_client_that_hangs_up_is_forgotten(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=3_600_000))
    body = worlds.body(worlds.tensor())
    head = f"POST /v2/models/doubler/infer HTTP/1.1\r\nHost: x\r\nX-Api-Key: {worlds.GOOD_KEY}\r\n"
    with socket.create_connection(("127.0.0.1", plane.gateway.port)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        until(lambda: plane.depth() == 1, "the request to wait")
    until(lambda: plane.depth() == 0, "the request to be withdrawn")
    until(lambda: gauge(plane, "quartet_in_flight") == 0, "its place to be free")
    assert 'code="client_gone"' in plane.http.get("/metrics").text
