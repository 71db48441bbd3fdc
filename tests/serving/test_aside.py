"""Asking aside from the gateways: the replicas' own answers, at the lowest priority, and no trace left of it."""

import threading
import time
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from tests.serving import worlds
from tests.serving.planes import FAILING, GRAPH, HELD, NOTING, Plane
from tests.serving.processes import until
from workers.serving import aside, clock, names
from workers.serving.aside import AT_ONCE, Aside
from workers.serving.routing import Split
from workers.serving.tensors import Sample, from_array, to_array

SPLIT = msgspec.convert(worlds.split(), Split)


def vector(*x: float) -> Sample:
    return {"x": from_array(np.array(x, np.float32))}


def answers(found: list[Sample | None]) -> list[list[float] | None]:
    return [to_array(each["y"]).tolist() if each else None for each in found]


def traces(plane: Plane) -> list[bytes]:
    """Keys that asking might have left."""
    streams = [key.encode() for key in (names.PREDICTIONS, names.KEPT) if plane.valkey.exists(key)]
    return [*plane.valkey.scan_iter("quartet:reply:aside*"), *streams]


def test_it_is_answered_in_order_and_leaves_no_record_and_no_reply(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment())
    plane.serve()
    numbers = range(20, 20 + 3 * AT_ONCE)
    found = Aside(plane.redis_url, SPLIT).ask([vector(number, 0) for number in numbers], 60)
    assert answers(found) == [[2 * number, 0] for number in numbers]
    assert traces(plane) == []
    assert "quartet_requests_total{" not in plane.http.get("/metrics").text


def test_whose_clock_is_minutes_behind_is_answered_all_the_same(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.serve()
    slow = SimpleNamespace(time=lambda: time.time() - 600, monotonic=time.monotonic)
    for module in (aside, clock):
        monkeypatch.setattr(module, "time", slow)
    monkeypatch.setattr(clock, "_behind", 0.0)  # and as it was, afterwards
    assert answers(Aside(plane.redis_url, SPLIT).ask([vector(1, 2)], 30)) == [[2, 4]]


def test_what_the_model_cannot_answer_is_none_and_the_rest_goes_on(plane: Plane) -> None:
    plane.serve()
    assert answers(Aside(plane.redis_url, SPLIT).ask([vector(FAILING, 0), vector(1, 2)], 60)) == [None, [2, 4]]


def test_stages_that_stand_apart_and_join_are_gone_through(plane: Plane) -> None:
    hops = [("head", (1, 2), 0), ("left", (3,), 1), ("right", (3,), 1), ("fuse", (), 2)]
    path = [
        {"stage": stage, "stream": names.stage_stream("doubler", 1, stage), "then": then, "joins": joins}
        for stage, then, joins in hops
    ]
    for stage, steps in (("head", ("preprocess",)), ("left", ("left",)), ("right", ("right",))):
        plane.serve(stage=stage, steps=steps, manifest=GRAPH)
    plane.serve(stage="fuse", steps=("fuse", "postprocess"), manifest=GRAPH)
    split = msgspec.convert(worlds.split() | {"path": path}, Split)
    assert answers(Aside(plane.redis_url, split).ask([vector(1, 2)], 60)) == [[10, 200]]


def test_without_a_replica_nothing_is_known_in_time_and_nothing_is_left_to_be_computed(plane: Plane) -> None:
    began = time.monotonic()
    assert Aside(plane.redis_url, SPLIT).ask([vector(1, 2)] * 10, 0.2) == [None] * 10
    assert time.monotonic() - began >= 0.2
    assert plane.valkey.xlen(names.sister(names.stage_stream("doubler", 1, "all"), names.LOW)) == 0


def test_whoever_is_waited_for_goes_first(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment())
    plane.serve(manifest=NOTING, batch_max=1)
    held = threading.Thread(target=plane.ask, args=(HELD, 0))
    held.start()
    until(lambda: plane.entered() != [], "the replica to be busy")
    asker = threading.Thread(target=Aside(plane.redis_url, SPLIT).ask, args=([vector(1, 0)], 60))
    asker.start()
    low = names.sister(names.stage_stream("doubler", 1, "all"), names.LOW)
    until(lambda: plane.valkey.xlen(low) == 1, "the question to wait")
    people = threading.Thread(target=plane.ask, args=(2, 0))
    people.start()
    until(lambda: plane.depth() == 2, "a request to wait")
    plane.open_gate()
    for thread in (held, people, asker):
        thread.join()
    assert (plane.gate / "order").read_text().split() == [str(HELD), "2", "1"]
