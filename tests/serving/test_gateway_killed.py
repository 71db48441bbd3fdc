"""A gateway is killed under traffic: what it had answered is recorded, with its inputs and its own errors, but for what
was under way at that moment; nothing is recorded twice."""

import threading
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from tests.serving import worlds
from tests.serving.planes import Plane
from tests.serving.processes import until
from tests.serving.test_recorded import NOTHING, kept, records
from workers.serving import names

#: Callers, each of whom waits for an answer before the next question: so many requests are under way at most.
CALLERS = 8
#: Answers after which the gateway is killed.
ENOUGH = 150


class Traffic:
    """Callers that ask without pause until the gateway is gone."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.answers: list[httpx.Response] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {worlds.GOOD_KEY}"}
        with httpx.Client(base_url=self._plane.gateway.url, timeout=60, headers=headers) as client:
            while True:
                try:
                    body = worlds.body(worlds.tensor(data=[1, 2]))
                    self.answers.append(client.post("/v2/models/doubler/infer", content=body))
                except httpx.TransportError:
                    return

    def killed(self) -> "Traffic":
        """The gateway, in the midst of it."""
        until(lambda: len(self.answers) >= ENOUGH, "enough answers")
        self._plane.gateway.process.kill()
        for thread in self._threads:
            thread.join()
        return self

    def told(self) -> set[bytes]:
        """The ids of the predictions that callers know."""
        return {UUID(answer.headers["x-quartet-prediction"]).bytes for answer in self.answers}


def times_recorded(plane: Plane) -> Counter[bytes]:
    return Counter(each.asked.id for each in records(plane))


def test_what_it_had_answered_is_recorded_once_and_so_is_what_a_replica_finished_for_nobody(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(record=NOTHING)]))
    plane.serve()
    told = Traffic(plane).killed().told()
    until(lambda: plane.depth() == 0, "the replica to finish what was left")
    found = times_recorded(plane)
    assert set(found.values()) == {1}
    assert told <= found.keys()
    assert len(found.keys() - told) <= CALLERS


def test_inputs_kept_by_policy_are_lost_of_what_was_under_way_alone(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(record=NOTHING | {"rate": 1})]))
    plane.serve()
    told = Traffic(plane).killed().told()
    until(lambda: plane.depth() == 0, "the replica to finish what was left")
    found = Counter(each.id for each in kept(plane))
    assert set(found.values()) == {1}
    assert found.keys() <= times_recorded(plane).keys()
    assert len(told - found.keys()) <= CALLERS


def test_errors_that_it_alone_knew_are_recorded_but_for_those_of_that_moment(plane: Plane) -> None:
    """There is no replica, so the time of each runs out at the gateway; one that comes later finds what was left."""
    policy = NOTHING | {"on_error": True}
    plane.publish(doubler=worlds.deployment(timeout_ms=100, splits=[worlds.split(record=policy)]))
    traffic = Traffic(plane).killed()
    told, codes = traffic.told(), {answer.json()["code"] for answer in traffic.answers}
    assert len(codes) == 1
    before = times_recorded(plane)
    assert len(told - before.keys()) <= CALLERS
    assert len(told - {each.id for each in kept(plane)}) <= CALLERS
    plane.serve()
    until(lambda: plane.depth() == 0, "the replica to drop what is too late")
    found = times_recorded(plane)
    assert set(found.values()) == {1}
    assert {each.error for each in records(plane)} == {"deadline_passed"}
    assert len(found.keys() - told) <= CALLERS


def counted(plane: Plane) -> Counter[str]:
    """Requests of each fault, as the gateway has told them."""
    entries: Any = plane.valkey.xrange(names.METRICS)
    rows = [row for _, fields in entries for row in orjson.loads(fields[b"m"])["rows"]]
    return Counter(code for row in rows for code, times in row["errors"].items() for _ in range(times))


@pytest.mark.parametrize(
    ("limits", "x"), [({}, (1, 2, 3)), ({"max_in_flight": 0}, (1, 2))], ids=["a bad input", "too many at once"]
)
def test_what_it_refused_is_counted_but_for_its_last_half_second(
    plane: Plane, limits: dict[str, Any], x: tuple[float, ...]
) -> None:
    plane.publish(doubler=worlds.deployment(**limits))
    codes = {plane.ask(*x).json()["code"] for _ in range(20)}
    assert len(codes) == 1
    until(lambda: counted(plane).total() == 20, "them to be told")
    for _ in range(5):
        plane.ask(*x)
    plane.gateway.process.kill()
    plane.gateway.process.wait()
    assert 20 <= counted(plane).total() <= 25
    assert counted(plane).keys() == codes
    assert (records(plane), kept(plane)) == ([], [])
