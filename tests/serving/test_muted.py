"""A muted input is left out of what the model is given; the answer, its record and the counts say so; it is kept."""

import struct
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import worlds
from tests.serving.planes import STEPS, Plane, numbers
from tests.serving.processes import until, write_artifact
from workers.serving import muting, names
from workers.serving.record import Record, decode_kept, decode_records
from workers.serving.tensors import Tensor

HANDLER = """
import numpy as np

class Senses:
    def load(self, context): pass

    def preprocess(self, sample):
        return {name: np.array([name in sample], np.float32) for name in ("image", "sound")}

    def predict(self, batch): return [{"y": np.concatenate([each["image"], each["sound"]])} for each in batch]

    def postprocess(self, prediction): return prediction
"""
INPUTS = [worlds.IMAGE, worlds.SOUND]
MANIFEST = {
    "inputs": INPUTS,
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
    "require_any": ["image", "sound"],
    "stages": [{"name": step, "handler": "senses:Senses"} for step in STEPS],
    "samples": [],
}
BOTH, PICTURE_ALONE, SOUND_ALONE = [1, 1], [1, 0], [0, 1]
PNG, WAV = worlds.png(), worlds.wav()


@pytest.fixture(scope="module")
def sensing(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """Two replicas behind one gateway: the stages in one process, and apart. The model says what it was given."""
    folder = tmp_path_factory.mktemp("muted")
    with Plane(redis_url, folder) as plane:
        files = write_artifact(folder / "senses", {"senses.py": HANDLER})
        common: dict[str, Any] = {"manifest": MANIFEST, "directory": str(folder / "senses"), "files": files}
        plane.publish()
        plane.serve(**common)
        plane.serve(2, "before", ("preprocess",), **common)
        plane.serve(2, "after", ("infer", "postprocess"), **common)
        yield plane


@pytest.fixture
def plane(sensing: Plane) -> Plane:
    """With nothing recorded and nothing muted yet."""
    sensing.valkey.delete(names.PREDICTIONS, names.KEPT)
    mute(sensing)
    return sensing


def mute(plane: Plane, *muted: str, **changes: Any) -> None:
    apart = [names.stage_stream("doubler", 2, stage) for stage in ("before", "after")]
    common: dict[str, Any] = {"inputs": INPUTS, "require_any": ["image", "sound"], "muted": list(muted)} | changes
    always = {"record": {"rate": 1}}
    plane.publish(
        doubler=worlds.deployment(splits=[worlds.split(**always)], **common),
        apart=worlds.deployment(splits=[worlds.split(2, path=apart, **always)], **common),
    )


def item(name: str, raw: bytes) -> dict[str, Any]:
    return worlds.tensor(name, [worlds.base64_text(raw)], (1,), "BYTES")


IMAGE, SOUND = item("image", PNG), item("sound", WAV)


def ask(plane: Plane, *inputs: dict[str, Any], name: str = "doubler", **headers: str) -> httpx.Response:
    return plane.http.post(f"/v2/models/{name}/infer", content=worlds.body(*inputs), headers=headers)


def record(plane: Plane) -> Record:
    def found() -> list[Record]:
        entries: Any = plane.valkey.xrange(names.PREDICTIONS)
        return [each for _, fields in entries for each in decode_records(fields[b"m"])]

    until(lambda: len(found()) > 0, "a record")
    [one] = found()
    return one


@pytest.mark.parametrize("name", ["doubler", "apart"])
def test_a_muted_input_is_not_given_to_the_model_and_the_answer_says_so(plane: Plane, name: str) -> None:
    assert numbers(ask(plane, IMAGE, SOUND, name=name)) == BOTH
    mute(plane, "sound")
    response = ask(plane, IMAGE, SOUND, name=name)
    assert numbers(response) == PICTURE_ALONE
    assert response.headers["x-quartet-muted"] == "sound"
    assert response.json()["parameters"]["muted"] == ["sound"]


def test_where_nothing_is_muted_the_answer_says_nothing_of_it(plane: Plane) -> None:
    response = ask(plane, IMAGE, SOUND)
    assert "x-quartet-muted" not in response.headers
    assert response.json()["parameters"].keys() == {"prediction_id"}


def test_a_request_that_lacks_the_muted_input_is_as_ever(plane: Plane) -> None:
    mute(plane, "sound")
    response = ask(plane, IMAGE)
    assert numbers(response) == PICTURE_ALONE
    assert "x-quartet-muted" not in response.headers
    assert (record(plane).asked.missing, record(plane).asked.muted) == (("sound",), ())


def test_a_request_that_brings_nothing_else_is_answered_from_it_and_flagged(plane: Plane) -> None:
    mute(plane, "sound")
    response = ask(plane, SOUND)
    assert numbers(response) == SOUND_ALONE
    assert response.headers["x-quartet-muted"] == "sound;used"
    said = response.json()["parameters"]
    assert (said["muted"], said["muted_used"]) == (["sound"], True)
    asked = record(plane).asked
    assert (asked.inputs, asked.muted, asked.muted_used) == (("sound",), ("sound",), True)


def test_the_record_tells_what_was_brought_and_what_was_muted(plane: Plane) -> None:
    mute(plane, "sound")
    ask(plane, IMAGE, SOUND)
    asked = record(plane).asked
    assert (asked.inputs, asked.missing, asked.muted, asked.muted_used) == (("image", "sound"), (), ("sound",), False)


def test_kept_inputs_hold_the_muted_one_as_well(plane: Plane) -> None:
    mute(plane, "sound")
    ask(plane, IMAGE, SOUND)
    until(lambda: plane.valkey.xlen(names.KEPT) == 1, "the inputs to be kept")
    [(_, fields)] = plane.valkey.xrange(names.KEPT)
    [sample] = decode_kept(fields[b"m"]).samples
    assert {name: tensor.elements for name, tensor in sample.items()} == {"image": [PNG], "sound": [WAV]}


def test_raw_bytes_in_the_binary_form_are_muted_likewise(plane: Plane) -> None:
    mute(plane, "image")
    parts = [struct.pack("<I", len(raw)) + raw for raw in (PNG, WAV)]
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(part)}}
        for name, part in zip(("image", "sound"), parts, strict=True)
    ]
    head = orjson.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}})
    headers = {"Inference-Header-Content-Length": str(len(head))}
    response = plane.http.post("/v2/models/doubler/infer", content=b"".join([head, *parts]), headers=headers)
    length = int(response.headers["inference-header-content-length"])
    assert struct.unpack("<2f", response.content[length:]) == tuple(SOUND_ALONE)
    assert response.headers["x-quartet-muted"] == "image"
    assert orjson.loads(response.content[:length])["parameters"]["muted"] == ["image"]


def test_every_sample_of_a_request_goes_without_it(plane: Plane) -> None:
    mute(plane, "sound")
    inputs = [
        worlds.tensor(name, [worlds.base64_text(raw)] * 2, (2,), "BYTES")
        for name, raw in (("image", PNG), ("sound", WAV))
    ]
    assert numbers(ask(plane, *inputs)) == PICTURE_ALONE * 2


def test_what_is_answered_later_is_answered_by_the_muting_of_then(plane: Plane) -> None:
    mute(plane, "sound")
    address = ask(plane, IMAGE, SOUND, Prefer="respond-async").headers["location"]

    def answered() -> httpx.Response | None:
        response = plane.http.get(f"{address}/result")
        return None if response.status_code == 202 else response

    response = until(answered, "the answer")
    assert numbers(response) == PICTURE_ALONE
    assert response.headers["x-quartet-muted"] == "sound"


def test_events_tell_it_as_well(plane: Plane) -> None:
    mute(plane, "sound")
    response = ask(plane, IMAGE, SOUND, Accept="text/event-stream")
    assert response.headers["x-quartet-muted"] == "sound"
    assert '"muted":["sound"]' in response.text


def test_requests_that_brought_a_muted_input_are_counted(plane: Plane) -> None:
    line = 'quartet_muted_inputs_total{deployment="doubler",input="image",revision="1"}'

    def count() -> float:
        lines = plane.http.get("/metrics").text.splitlines()
        return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(line))

    before = count()
    mute(plane, "image")
    ask(plane, IMAGE, SOUND)
    ask(plane, SOUND)
    assert count() == before + 1


def test_numbers_alone_are_nothing_to_answer_from_where_the_model_asks_for_a_sense(plane: Plane) -> None:
    hour = worlds.VECTOR | {"name": "hour", "required": False}
    route = worlds.route(inputs=[worlds.SOUND, hour], require_any=["sound"], muted=["sound"])
    assert muting.are_used(route, ("sound", "hour"))


NAMES = ["image", "sound", "text", "hour"]


@given(
    brought=st.sets(st.sampled_from(NAMES), min_size=1),
    muted=st.sets(st.sampled_from(NAMES)),
    any_of=st.sets(st.sampled_from(NAMES)),
)
def test_whatever_is_muted_the_model_is_given_something_it_can_answer_from(
    brought: set[str], muted: set[str], any_of: set[str]
) -> None:
    inputs = [worlds.TEXT | {"name": name, "required": False} for name in NAMES]
    route = worlds.route(inputs=inputs, require_any=sorted(any_of), muted=sorted(muted))
    sample = {name: Tensor("BYTES", (), [b""]) for name in brought}
    left = muting.brought(route, brought)
    given_ = sample if muting.are_used(route, brought) else muting.without([sample], left)[0]
    assert given_
    assert not any_of & brought or any_of & given_.keys()
    assert given_ == sample or not given_.keys() & muted
