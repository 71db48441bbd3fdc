"""The reply encoder: samples stacked again, in JSON or as bytes."""

import numpy as np
import orjson
import pytest

from workers.serving.errors import BadOutput, ModelOutputWrong
from workers.serving.oip.reply import encode
from workers.serving.oip.request import Wanted
from workers.serving.tensors import BYTES, Tensor, from_array

PREDICTION = "01a20ff6-34f4-782e-81ae-c3026819a4e0"


def scores(*numbers: float) -> Tensor:
    return from_array(np.array(numbers, np.float32))


def reply(samples, *wanted: Wanted):
    raw, length = encode("digits", "3", "id-1", PREDICTION, list(wanted), samples)
    return orjson.loads(raw[:length]), raw[length or len(raw) :]


def test_samples_are_stacked_with_their_count_first():
    document, _ = reply([{"y": scores(1, 2)}, {"y": scores(3, 4)}], Wanted("y", False))
    assert document["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4]}]


def test_the_reply_says_who_answered():
    document, _ = reply([{"y": scores(1)}], Wanted("y", False))
    assert (document["model_name"], document["model_version"], document["id"]) == ("digits", "3", "id-1")
    assert document["parameters"] == {"prediction_id": PREDICTION}


def test_binary_outputs_follow_the_json_in_order():
    samples = [{"y": scores(1), "label": Tensor(BYTES, (), [b"yes"])}]
    document, tail = reply(samples, Wanted("label", True), Wanted("y", True))
    assert [each["parameters"]["binary_data_size"] for each in document["outputs"]] == [7, 4]
    assert tail == b"\x03\x00\x00\x00yes" + np.float32(1).tobytes()


def test_json_and_binary_outputs_may_stand_together():
    samples = [{"y": scores(1), "label": Tensor(BYTES, (), [b"yes"])}]
    document, tail = reply(samples, Wanted("label", False), Wanted("y", True))
    assert document["outputs"][0]["data"] == ["yes"] and len(tail) == 4


def test_a_number_json_has_not_becomes_null():
    document, _ = reply([{"y": scores(float("nan"), float("inf"))}], Wanted("y", False))
    assert document["outputs"][0]["data"] == [None, None]


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f2", "f8"])
def test_every_datatype_reaches_json_unchanged(dtype):
    document, _ = reply([{"y": from_array(np.array([0, 1], dtype))}], Wanted("y", False))
    assert document["outputs"][0]["data"] == [0, 1]


def test_samples_of_different_shapes_are_the_models_fault():
    with pytest.raises(ModelOutputWrong, match="'y'"):
        reply([{"y": scores(1)}, {"y": scores(1, 2)}], Wanted("y", False))


def test_bytes_that_are_no_text_are_offered_in_the_binary_form():
    with pytest.raises(BadOutput, match="binary_data"):
        reply([{"y": Tensor(BYTES, (), [b"\xff"])}], Wanted("y", False))
