"""What is recorded of an answer: its label and how sure the model was."""

import struct
import time
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.rules.roles import TRUTH_LENGTH
from workers.serving import record
from workers.serving.record import Asked, BadRecord, Reading, Record, decode_records, encode_records, new_id, unsure
from workers.serving.tensors import Tensor, from_array

READING = Reading([{"name": "digit", "role": "label"}, {"name": "scores", "role": "scores"}, {"name": "x"}])


def sure(numbers: Any, dtype: str = "<f4") -> float | None:
    [found] = READING.confidences([{"scores": from_array(np.array(numbers, dtype))}])
    return found


def label(value: Any) -> str:
    [found] = READING.labels([{"digit": from_array(np.array(value))}])
    return found


@given(st.integers(0, 2**48 - 1), st.floats(0, 2**32))
def test_an_id_is_a_version_7_uuid_that_holds_its_time(_: int, moment: float) -> None:
    made = UUID(bytes=new_id(moment))
    assert (made.version, made.variant) == (7, UUID(int=2 << 62).variant)
    assert made.int >> 80 == int(moment * 1000)
    assert record.id_text(made.bytes) == str(made)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id(1.0) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(-7), "-7"),
        (np.uint8(255), "255"),
        (True, "true"),
        (False, "false"),
        ("cat", "cat"),
        (b"\xff\0", "\ufffd\ufffd"),
        ("é" * 1000, "é" * 1000),
        ("é" * 1100, "é" * 1000),
    ],
)
def test_a_label_is_a_text(value: Any, text: str) -> None:
    if isinstance(value, bytes):
        assert READING.labels([{"digit": Tensor("BYTES", (), [value])}]) == [text]
    else:
        assert label(value) == text


def test_a_label_is_recorded_as_long_as_a_truth_may_be() -> None:
    assert record.LABEL_LENGTH == TRUTH_LENGTH


def test_a_confidence_is_the_greatest_of_a_distribution() -> None:
    assert sure([0.25, 0.75]) == 0.75
    assert sure([0.25, 0.75], "<f8") == 0.75
    assert sure([0.25, 0.75], "<f2") == 0.75


@pytest.mark.parametrize("scores", [[0.2, 0.2], [-0.5, 1.5], [2.0, 3.0], [float("nan"), 1.0], [float("inf")], []])
def test_what_is_no_distribution_tells_no_confidence(scores: list[float]) -> None:
    assert sure(scores) is None


def test_what_a_model_did_not_give_is_not_made_up() -> None:
    assert READING.labels([{}]) == [""]
    assert READING.confidences([{}]) == [None]
    assert Reading([{"name": "x"}]).labels([{}]) == []
    assert Reading([{"name": "x"}]).confidences([{}]) == []


@given(st.sampled_from(["INT64", "FP32", "FP16", "BF16", "FP64", "BOOL", "BYTES", "UINT8"]), st.binary(max_size=64))
def test_whatever_a_model_gives_something_is_recorded(datatype: str, raw: bytes) -> None:
    size = {"FP32": 4, "FP16": 2, "BF16": 2, "FP64": 8, "INT64": 8}.get(datatype, 1)
    data = [raw] if datatype == "BYTES" else raw[: len(raw) // size * size]
    sample = {"digit": Tensor(datatype, (), data), "scores": Tensor(datatype, (), data)}
    [text], [confidence] = READING.labels([sample]), READING.confidences([sample])
    assert "\0" not in text
    assert confidence is None or 0 <= confidence <= 1.01


def test_unsure_is_whoever_is_under_the_bound() -> None:
    assert unsure([0.9, 0.4], 0.5)
    assert not unsure([0.9, None, 0.5], 0.5)
    assert not unsure([], 0.5)


ASKED = Asked(new_id(), time.time(), "digits", 1, "3", 1, ("image",), ("sound",), 0.5, "s-1")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"revision": 2**31},
        {"id": b"short"},
        {"deployment": "x" * 64},
        {"subject": "x" * 201},
        {"samples": 2**15},
    ],
)
def test_what_no_row_can_hold_is_no_record(spoilt: dict[str, Any]) -> None:
    fields = {name: getattr(ASKED, name) for name in Asked.__struct_fields__}
    whole = Record(Asked(**fields), "", 0.1, 0.0, ["7"], [0.5])
    assert decode_records(encode_records([whole])) == [whole]
    with pytest.raises(BadRecord):
        decode_records(encode_records([Record(Asked(**{**fields, **spoilt}), "", 0.1, 0.0)]))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_records_are_refused(raw: bytes) -> None:
    with pytest.raises(BadRecord):
        decode_records(struct.pack("B", 0xC1) + raw)
