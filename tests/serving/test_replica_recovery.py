"""A replica that dies costs latency, not answers; a request that kills replicas costs three of them, not more."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.serving import worlds
from tests.serving.planes import DEADLY, FAILING, HELD, numbers
from tests.serving.processes import until
from workers.serving import names, wire
from workers.serving.tensors import Tensor


@pytest.fixture
def callers():
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def plane(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=60_000))
    return plane


def test_a_replica_killed_in_the_middle_of_a_batch_loses_no_answer(plane, callers):
    first = plane.serve()
    held = callers.submit(plane.ask, HELD, 0)
    until(plane.entered, "the batch to be under way")
    others = [callers.submit(plane.ask, each, 0) for each in range(1, 5)]
    until(lambda: plane.depth() == 5, "the requests to be in the stream")
    first.kill()
    plane.open_gate()
    plane.serve()
    assert numbers(held.result()) == [2 * HELD, 0]
    assert [numbers(other.result())[0] for other in others] == [2, 4, 6, 8]


def test_a_living_replica_takes_over_from_a_killed_one(plane, callers):
    plane.serve(), plane.serve()
    held = callers.submit(plane.ask, HELD, 0)
    (victim,) = until(plane.entered, "the batch to be under way")
    next(each for each in plane.replicas if each.process.pid == victim).kill()
    plane.open_gate()
    assert numbers(held.result()) == [2 * HELD, 0]


def test_a_request_that_kills_replicas_is_given_up_and_its_neighbours_are_answered(plane, callers):
    asked = [callers.submit(plane.ask, x, 0) for x in (1, DEADLY, 2)]
    until(lambda: plane.depth() == 3, "all three to wait for one batch")
    while not all(each.done() for each in asked):
        plane.serve()
        until(lambda: plane.deaths() == len(plane.replicas) or all(each.done() for each in asked), "death or answers")
    first, deadly, last = (each.result() for each in asked)
    assert (deadly.status_code, deadly.json()["code"], deadly.json()["fault"]) == (500, "model_crashed", "model")
    assert (numbers(first), numbers(last)) == ([2, 0], [4, 0])
    assert plane.deaths() == 3


def test_a_sample_that_fails_the_batch_fails_alone(plane, callers):
    asked = [callers.submit(plane.ask, x, 0) for x in (1, FAILING, 2)]
    until(lambda: plane.depth() == 3, "all three to wait for one batch")
    plane.serve()
    first, failing, last = (each.result() for each in asked)
    assert (failing.status_code, failing.json()["fault"]) == (500, "model")
    assert (numbers(first), numbers(last)) == ([2, 0], [4, 0])


def test_expired_work_is_answered_without_the_model_seeing_it(plane):
    deadly = Tensor("FP32", (2,), np.array([DEADLY, 0], np.float32).tobytes())
    late = wire.Message(1, "witness", time.time() - 1, [{"x": deadly}])
    plane.valkey.xadd(names.stage_stream("doubler", 1, "all"), {names.MESSAGE_FIELD: wire.encode_message(late)})
    plane.serve()
    entries = until(lambda: plane.valkey.xrange(names.reply_stream("witness")), "the answer")
    assert [each.code for each in wire.decode_replies(entries[0][1][names.REPLIES_FIELD])] == ["deadline_passed"]


def test_bytes_in_the_stream_that_are_no_request_are_struck_off(plane):
    plane.valkey.xadd(names.stage_stream("doubler", 1, "all"), {"m": b"nonsense"})
    plane.serve()
    assert numbers(plane.ask(1, 2)) == [2, 4]
    assert plane.depth() == 0


def test_a_finished_request_leaves_nothing_in_the_stream(plane):
    plane.serve()
    plane.ask(1, 2)
    assert plane.depth() == 0
