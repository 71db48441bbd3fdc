"""`priority`: what is urgent goes first, what can wait goes last, and nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import worlds
from tests.serving.planes import HELD, NOTING, numbers
from tests.serving.processes import until
from workers.serving import names

STREAM = names.stage_stream("doubler", 1, "all")


@pytest.fixture
def plane(plane):
    plane.publish(doubler=worlds.deployment())
    return plane


def order(plane, asked: list[tuple[int, dict]]) -> list[int]:
    """In which order the model sees the requests' marks, when all of them wait for a replica that takes one at once."""
    plane.serve(batch_max=1, manifest=NOTING)
    with ThreadPoolExecutor(16) as pool:
        held, answers = pool.submit(plane.ask, HELD, 0), []
        until(plane.entered, "the replica to be busy")
        for place, (mark, parameters) in enumerate(asked, start=1):
            answers.append(pool.submit(plane.ask, mark, 0, parameters=parameters))
            until(lambda n=place: sum(map(plane.valkey.xlen, names.sisters(STREAM))) == n + 1, "the request to wait")
        plane.open_gate()
        assert [numbers(answer.result())[0] for answer in answers] == [2 * mark for mark, _ in asked]
        held.result()
    return [int(mark) for mark in (plane.gate / "order").read_text().split()][1:]


def test_urgent_requests_go_first_and_patient_ones_last(plane):
    asked = [(30, {"priority": 9}), (20, {}), (21, {"priority": 2}), (22, {"priority": 0}), (10, {"priority": 1})]
    assert order(plane, asked) == [10, 20, 21, 22, 30]


@pytest.mark.parametrize("priority", [-1, 1.5, "high", True])
def test_a_priority_that_is_none_is_refused(plane, priority):
    response = plane.ask(1, 2, parameters={"priority": priority})
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")
    assert "priority" in response.json()["error"]


def test_requests_of_every_priority_survive_the_death_of_their_replica(plane):
    plane.serve()
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(plane.ask, HELD, each, parameters={"priority": each}) for each in (1, 2, 3)]
        until(plane.entered, "the replica to be busy")
        until(lambda: sum(map(plane.valkey.xlen, names.sisters(STREAM))) == 3, "all three to wait")
        plane.replicas[0].kill()
        plane.open_gate()
        plane.serve()
        assert [numbers(answer.result()) for answer in answers] == [[2 * HELD, 2 * each] for each in (1, 2, 3)]
