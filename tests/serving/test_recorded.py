"""Every answer has an id and a record; inputs are kept by policy; what has no room is counted, and serving goes on."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from tests.serving import worlds
from tests.serving.planes import COUNTING, FAILING, GRAPH, HELD, MANIFEST, Plane
from tests.serving.processes import until
from workers.serving import names
from workers.serving.record import Kept, Record, decode_kept, decode_records

#: The doubled numbers are scores; nothing is kept unless a test says so.
SCORES = MANIFEST | {"outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2], "role": "scores"}]}
NOTHING = {"rate": 0, "below_confidence": 0, "on_error": False, "on_missing": False}


@pytest.fixture
def scoring(plane: Plane) -> Plane:
    """Whose model is as sure as its second number says."""
    plane.serve(manifest=SCORES)
    policy(plane)
    return plane


def policy(plane: Plane, **record: Any) -> None:
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(record=NOTHING | record)]))


def records(plane: Plane) -> list[Record]:
    entries: Any = plane.valkey.xrange(names.PREDICTIONS)
    return [each for _, fields in entries for each in decode_records(fields[b"m"])]


def record(plane: Plane) -> Record:
    until(lambda: len(records(plane)) > 0, "a record")
    [found] = records(plane)
    return found


def kept(plane: Plane) -> list[Kept]:
    entries: Any = plane.valkey.xrange(names.KEPT)
    return [decode_kept(fields[b"m"]) for _, fields in entries]


def told(response: httpx.Response) -> bytes:
    """The id in the header."""
    return UUID(response.headers["x-quartet-prediction"]).bytes


def test_the_answer_brings_the_id_of_its_record(scoring: Plane) -> None:
    response = scoring.ask(0.1, 0.4)
    found = record(scoring)
    assert found.asked.id == told(response)
    assert response.json()["parameters"] == {"prediction_id": response.headers["x-quartet-prediction"]}
    assert (found.asked.deployment, found.asked.revision, found.asked.version) == ("doubler", 1, "1")
    assert (found.error, found.asked.inputs, found.asked.missing, found.asked.samples) == ("", ("x",), (), 1)
    assert found.confidences == [pytest.approx(0.8)]
    assert 0 < found.queued + 1e-9 <= found.latency + 1e-3


def test_several_samples_have_a_confidence_each(scoring: Plane) -> None:
    body = worlds.body(worlds.tensor(shape=[2, 2], data=[0.1, 0.4, 3, 4]))
    scoring.http.post("/v2/models/doubler/infer", content=body)
    found = record(scoring)
    assert found.asked.samples == 2
    assert found.confidences == [pytest.approx(0.8), None]


def test_an_error_of_the_model_is_recorded_with_its_code_and_brings_its_id(scoring: Plane) -> None:
    response = scoring.ask(FAILING, 0)
    found = record(scoring)
    assert (found.asked.id, found.error) == (told(response), "model_failed")


def test_an_error_that_no_replica_knows_of_is_recorded_too(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment(timeout_ms=200))
    response = plane.ask(1, 2)
    found = record(plane)
    assert (found.asked.id, found.error) == (told(response), response.json()["code"])


def test_what_is_refused_at_the_edge_is_no_prediction(scoring: Plane) -> None:
    response = scoring.ask(1, 2, 3)
    assert response.status_code == 400
    assert "x-quartet-prediction" not in response.headers
    scoring.ask(0.1, 0.4)
    assert record(scoring).error == ""


def test_stages_apart_record_once_at_the_last(plane: Plane) -> None:
    hops = [("head", (1, 2), 0), ("left", (3,), 1), ("right", (3,), 1), ("fuse", (), 2)]
    path = [
        {"stage": stage, "stream": names.stage_stream("doubler", 1, stage), "then": then, "joins": joins}
        for stage, then, joins in hops
    ]
    plane.publish(doubler=worlds.deployment(splits=[worlds.split() | {"path": path}]))
    for stage, steps in (("head", ("preprocess",)), ("left", ("left",)), ("right", ("right",))):
        plane.serve(stage=stage, steps=steps, manifest=GRAPH)
    plane.serve(stage="fuse", steps=("fuse", "postprocess"), manifest=GRAPH)
    response = plane.ask(1, 2)
    assert record(plane).asked.id == told(response)


def test_an_answer_in_parts_is_recorded_once(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment())
    plane.serve(manifest=COUNTING)
    body = worlds.body(worlds.tensor(data=[1, 4]))
    events = {"Accept": "text/event-stream"}
    response = plane.http.post("/v2/models/doubler/infer", content=body, headers=events)
    assert response.text.count("event: part") == 4
    assert record(plane).asked.id == told(response)


def test_the_subject_is_recorded_and_nothing_too_long_or_odd_is_taken(scoring: Plane) -> None:
    body = worlds.body(worlds.tensor(data=[0.1, 0.4]))
    for subject, status in (("s-1", 200), ("x" * 201, 400), ("j\xfcrgen", 400)):
        headers = {"X-Quartet-Subject": subject.encode("latin-1")}
        response = scoring.http.post("/v2/models/doubler/infer", content=body, headers=headers)
        assert response.status_code == status, response.text
    assert record(scoring).asked.subject == "s-1"


@pytest.mark.parametrize(
    ("policies", "x", "is_kept"),
    [
        ({}, (0.1, 0.4), False),
        ({"rate": 1}, (0.1, 0.4), True),
        ({"below_confidence": 0.9}, (0.1, 0.4), True),
        ({"below_confidence": 0.7}, (0.1, 0.4), False),
        ({"on_error": True}, (FAILING, 0), True),
        ({"on_error": True}, (0.1, 0.4), False),
    ],
)
def test_inputs_are_kept_as_the_policy_says(
    scoring: Plane, policies: dict[str, Any], x: tuple[float, float], is_kept: bool
) -> None:
    policy(scoring, **policies)
    response = scoring.ask(*x)
    policy(scoring)  # a gateway that has taken this has sent whatever came before
    found = kept(scoring)
    assert [each.id for each in found] == ([told(response)] if is_kept else [])
    assert all(each.samples[0]["x"].shape == (2,) and each.modalities == {"x": "tensor"} for each in found)


def test_inputs_of_a_request_that_lacks_a_sense_are_kept(plane: Plane) -> None:
    inputs = [worlds.VECTOR, worlds.IMAGE]
    splits = [worlds.split(record=NOTHING | {"on_missing": True})]
    plane.publish(doubler=worlds.deployment(inputs=inputs, splits=splits))
    plane.serve(manifest=MANIFEST | {"inputs": inputs})
    response = plane.ask(1, 2)
    assert record(plane).asked.missing == ("image",)
    until(lambda: [each.id for each in kept(plane)] == [told(response)], "its inputs to be kept")


def test_a_share_of_all_is_kept(scoring: Plane) -> None:
    policy(scoring, rate=0.5)
    for _ in range(60):
        scoring.ask(0.1, 0.4)
    policy(scoring)
    assert 5 < len(kept(scoring)) < 55


@pytest.fixture
def narrow(redis_url: str, tmp_path: Path) -> Iterator[Plane]:
    """Whose streams have room for nothing."""
    with Plane(redis_url, tmp_path, QUARTET_RECORD_SPOOL=0, QUARTET_KEPT_SPOOL=0) as plane:
        plane.publish(doubler=worlds.deployment(splits=[worlds.split(record=NOTHING | {"rate": 1})]))
        yield plane


def test_what_has_no_room_is_counted_and_serving_goes_on(narrow: Plane) -> None:
    narrow.serve(record_spool=0)
    for _ in range(5):
        assert narrow.ask(1, 2).status_code == 200
    until(lambda: narrow.valkey.get(names.KEPT_DROPPED) == b"5", "what was dropped to be counted")
    assert narrow.valkey.get(names.PREDICTIONS_DROPPED) == b"5"
    assert (records(narrow), kept(narrow)) == ([], [])


def test_a_replica_killed_over_a_request_leaves_one_record_of_it(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment(timeout_ms=60_000))
    plane.serve()
    body = orjson.dumps(orjson.loads(worlds.body(worlds.tensor(data=[HELD, 0]))))
    with httpx.Client(base_url=plane.gateway.url, timeout=60, headers=plane.http.headers) as client:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor() as pool:
            asked = pool.submit(client.post, "/v2/models/doubler/infer", content=body)
            until(lambda: plane.entered() != [], "the replica to have it")
            os.kill(plane.entered()[0], signal.SIGKILL)
            plane.open_gate()
            plane.serve()
            response = asked.result()
    assert record(plane).asked.id == told(response)


def test_a_gateway_killed_meanwhile_leaves_the_record_of_what_was_asked(plane: Plane) -> None:
    plane.publish(doubler=worlds.deployment(timeout_ms=60_000))
    plane.serve()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(plane.ask, HELD, 0)
        until(lambda: plane.entered() != [], "the replica to have it")
        plane.gateway.process.kill()
        plane.open_gate()
        with pytest.raises(httpx.TransportError):
            asked.result()
    found = record(plane)
    assert (found.error, found.asked.received <= time.time()) == ("", True)
