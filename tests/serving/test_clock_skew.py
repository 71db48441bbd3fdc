"""Nodes whose clocks are minutes apart: requests are answered, and what is written down has Valkey's time."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inference.rules.ids import moment
from tests.serving import worlds
from tests.serving.planes import HELD, Plane, numbers
from tests.serving.processes import until
from workers.serving import clock, names
from workers.serving.record import decode_records

MINUTES = 600.0
#: Seconds that no run of these tests takes, and a wrong clock is off by more than.
NEAR = 300.0


@pytest.fixture(scope="module", params=[(0, MINUTES), (MINUTES, 0), (-MINUTES, MINUTES)], ids=str)
def skewed(request: Any, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """A gateway and a replica on nodes of their own, so many seconds ahead of Valkey's."""
    gateway, replica = request.param
    with Plane(redis_url, tmp_path_factory.mktemp("skewed"), ahead=gateway) as plane:
        plane.publish(doubler=worlds.deployment())
        plane.serve(ahead=replica)
        yield plane


def test_requests_are_answered(skewed: Plane) -> None:
    assert numbers(skewed.ask(1, 2)) == [2, 4]


def test_a_time_limit_is_what_it_says(skewed: Plane) -> None:
    """The replica neither gives up early nor works on for those who have gone."""
    for x in (HELD, 1):  # in the replica's hands, and behind that
        body = worlds.body(worlds.tensor(data=[x, 0]), parameters={"timeout": 500_000})
        assert skewed.http.post("/v2/models/doubler/infer", content=body).status_code == 504
    skewed.open_gate()
    until(lambda: skewed.depth() == 0, "nothing to be left")
    assert numbers(skewed.ask(1, 2)) == [2, 4]


def test_the_id_and_the_record_have_valkeys_time(skewed: Plane) -> None:
    skewed.valkey.delete(names.PREDICTIONS)
    response = skewed.ask(1, 2)
    at = moment(UUID(response.headers["x-quartet-prediction"]))
    assert at is not None and abs(at.timestamp() - time.time()) < NEAR
    until(lambda: skewed.valkey.xlen(names.PREDICTIONS), "the record")
    [(_, fields)] = skewed.valkey.xrange(names.PREDICTIONS)
    [found] = decode_records(fields[b"m"])
    assert abs(found.asked.received - time.time()) < NEAR
    assert (found.latency < NEAR, found.queued < NEAR) == (True, True)


def test_the_windows_that_are_counted_are_valkeys(skewed: Plane) -> None:
    skewed.valkey.delete(names.METRICS)
    skewed.ask(1, 2)
    until(lambda: skewed.valkey.xlen(names.METRICS), "a window")
    told = json.loads(skewed.valkey.xrange(names.METRICS)[0][1][b"m"])
    assert abs(told["to"] - time.time()) < NEAR
    assert 0 <= told["to"] - told["from"] < NEAR


@given(st.floats(-1e6, 1e6), st.floats(0, 5))
def test_a_clock_is_known_to_half_a_second_and_half_the_way(behind: float, way: float) -> None:
    found = clock.corrected(0.0, 1e9, 1e9 + behind + way / 2, 1e9 + way)
    assert abs(found - behind) <= clock.TOLERATED + way / 2 + 1e-6


@given(st.floats(-1e6, 1e6), st.floats(0, 5), st.floats(-0.4, 0.4))
def test_what_was_found_is_kept_while_it_holds(behind: float, way: float, drift: float) -> None:
    """Else times of one request, which are told apart by milliseconds, would jump."""
    found = clock.corrected(behind, 1e9, 1e9 + behind + way / 2 + drift, 1e9 + way)
    assert found in (behind, 0.0)


def test_a_machine_that_is_right_goes_by_its_own_clock() -> None:
    assert clock.corrected(0.0, 100.0, 100.3, 100.1) == 0.0
    assert clock.corrected(600.0, 100.0, 100.3, 100.1) == 0.0
