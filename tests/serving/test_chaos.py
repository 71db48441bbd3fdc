"""Faults under load, with counts: what was accepted is answered, rightly, and once."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import raw, worlds
from tests.serving.load import Load
from tests.serving.planes import DEADLY, FAILING, WIDE, Plane
from tests.serving.processes import Gateway, until
from workers.serving import names
from workers.serving.record import decode_records, id_text


@pytest.fixture
def plane(own_valkey, tmp_path):
    """A plane with a Valkey of its own, two replicas and patience for a whole restart."""
    with Plane(own_valkey.url, tmp_path, QUARTET_OUTAGE_GRACE_MS=30_000) as plane:
        plane.publish(doubler=worlds.deployment(timeout_ms=60_000, max_in_flight=1000))
        plane.serve(), plane.serve()
        yield plane


@pytest.fixture
def gateways(plane, own_valkey, tmp_path):
    """The plane's gateway and another one, each ended at last however the test ends."""
    other = Gateway(own_valkey.url, tmp_path / "other")
    yield [plane.gateway, other]
    other.process.kill()
    other.process.wait()


def left_over(plane: Plane) -> int:
    return sum(plane.valkey.xlen(stream) for stream in names.sisters(names.stage_stream("doubler", 1, "all")))


def recorded(plane: Plane) -> dict[str, str]:
    """Ids of what is recorded, each with its error, or all of them where it was computed more than once."""
    entries = plane.valkey.xrange(names.PREDICTIONS)
    found: dict[str, str] = {}
    for _, fields in entries:
        for each in decode_records(fields[b"m"]):
            found[id_text(each.asked.id)] = found.get(id_text(each.asked.id), "") + each.error
    return found


def check_all_right(plane: Plane, load: Load) -> None:
    """All were answered, rightly, nothing is left over, and each answer has its record."""
    assert set(load.outcomes) == {"right"}, load.outcomes
    assert len(set(load.predictions)) == load.outcomes.total()
    found = recorded(plane)
    assert {found.get(each) for each in load.predictions} == {""}
    until(lambda: left_over(plane) == 0, "the streams to be empty")


def test_replicas_killed_one_after_the_other_cost_no_answer(plane):
    with Load([plane.gateway.url]) as load:
        for _ in range(3):
            load.go_on()
            plane.replicas[-2].kill()
            plane.serve()
        load.go_on()
    check_all_right(plane, load)


def test_valkey_killed_and_restarted_costs_no_answer(plane, own_valkey):
    with Load([plane.gateway.url]) as load:
        for _ in range(3):
            load.go_on()
            own_valkey.kill()
            own_valkey.start()
        load.go_on()
    check_all_right(plane, load)


def test_one_of_two_gateways_killed_costs_its_callers_another_try_and_no_answer(plane, gateways):
    with Load([gateway.url for gateway in gateways]) as load:
        load.go_on()
        gateways[1].process.kill()
        load.go_on(300)
    assert load.asked_again > 0
    check_all_right(plane, load)


def test_a_gateway_that_is_told_to_stop_answers_what_it_has_taken(plane, gateways):
    with Load([gateway.url for gateway in gateways]) as load:
        load.go_on()
        assert gateways[1].stop() == 0
        load.go_on()
    check_all_right(plane, load)


def test_a_replica_that_is_frozen_is_taken_for_dead_and_its_late_answers_reach_nobody(plane):
    frozen = plane.replicas[0]
    with Load([plane.gateway.url]) as load:
        load.go_on()
        os.kill(frozen.process.pid, signal.SIGSTOP)
        load.go_on(300)
        os.kill(frozen.process.pid, signal.SIGCONT)
        load.go_on(300)
    check_all_right(plane, load)


def test_poison_among_the_requests_is_given_up_and_its_neighbours_are_answered(plane):
    with Load([plane.gateway.url]) as load, ThreadPoolExecutor() as pool:
        load.go_on()
        poison = pool.submit(plane.ask, DEADLY, 0)
        for deaths in range(1, 4):
            until(lambda n=deaths: plane.deaths() == n, f"{deaths} deaths")
            plane.serve()
        assert poison.result().json()["code"] == "model_crashed"
        load.go_on()
    check_all_right(plane, load)


def test_samples_that_fail_fail_alone_under_load(plane):
    with Load([plane.gateway.url]) as load:
        failed = [plane.ask(FAILING, 0).json()["code"] for _ in range(20)]
        load.go_on()
    assert failed == ["model_failed"] * 20
    check_all_right(plane, load)


def test_every_fault_at_once_costs_no_answer(plane, gateways, own_valkey):
    with Load([gateway.url for gateway in gateways]) as load:
        load.go_on()
        plane.replicas[0].kill()
        gateways[1].process.kill()
        own_valkey.kill()
        own_valkey.start()
        plane.serve()
        load.go_on(300)
    check_all_right(plane, load)


def test_more_than_may_be_held_is_refused_and_all_else_is_answered(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=60_000, max_in_flight=4))
    with Load([plane.gateway.url], callers=32) as load:
        load.go_on(500)
    assert set(load.outcomes) == {"right", "too_busy"}, load.outcomes
    until(lambda: left_over(plane) == 0, "the streams to be empty")


def test_clients_that_do_not_read_hold_up_nobody(plane):
    wide = worlds.deployment(outputs=WIDE["outputs"], splits=[worlds.split(2)], timeout_ms=60_000)
    plane.publish(doubler=worlds.deployment(timeout_ms=60_000), wide=wide)
    plane.serve(2, manifest=WIDE)
    body = worlds.body(worlds.tensor(data=[500_000, 0]))
    slow = [raw.Connection(plane.gateway.port) for _ in range(8)]
    for connection in slow:
        connection.send(raw.head("/v2/models/wide/infer", length=len(body)) + body)
    with Load([plane.gateway.url]) as load:
        load.go_on(300)
    check_all_right(plane, load)
    assert all(len(connection.answer().json()["outputs"][0]["data"]) == 500_000 for connection in slow)
    for connection in slow:
        connection.close()
