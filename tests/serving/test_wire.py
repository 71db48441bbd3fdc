"""The stream codec: what goes in comes out, and nothing else gets in."""

import contextlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.serving import wire
from workers.serving.tensors import BYTES, DTYPES, Tensor, from_array, to_array

ARRAYS = [np.arange(6).reshape(2, 3).astype(dtype) for dtype in DTYPES.values()]


def message(*samples) -> wire.Message:
    return wire.Message(5, "gw", 12.5, list(samples), (wire.Hop("infer", "quartet:stage:a:1:infer"),))


@pytest.mark.parametrize("array", ARRAYS, ids=list(DTYPES))
def test_every_datatype_survives_the_journey(array):
    raw = wire.encode_message(message({"x": from_array(array)}))
    arrived = to_array(wire.decode_message(raw).samples[0]["x"])
    assert arrived.dtype == array.dtype and np.array_equal(arrived, array)


def test_big_endian_numbers_are_turned_round():
    assert to_array(from_array(np.array([1, 2], ">i4"))).tolist() == [1, 2]


def test_strings_travel_as_bytes():
    assert to_array(from_array(np.array([["a", "ü"]]))).tolist() == [[b"a", "ü".encode()]]


@pytest.mark.parametrize("array", [np.array([1j]), np.array(["2020"], "M8[Y]"), np.array([None, {}])])
def test_an_array_the_protocol_has_no_type_for_is_refused(array):
    with pytest.raises(TypeError):
        from_array(array)


def test_replies_are_joined_and_come_apart_again():
    replies = [wire.Reply(1, [{"y": Tensor(BYTES, (), [b"a"])}]), wire.Reply(2, [], "bad_media", "why")]
    assert wire.decode_replies(wire.join_replies([wire.encode_reply(each) for each in replies])) == replies


def test_a_message_over_the_limit_says_by_how_much():
    with pytest.raises(wire.MessageTooLarge, match="over what a stream carries"):
        wire.encode_message(message({"x": Tensor("UINT8", (wire.MESSAGE_LIMIT,), bytes(wire.MESSAGE_LIMIT))}))


@given(st.binary(max_size=200))
def test_any_other_bytes_are_a_bad_message(raw):
    for decode in (wire.decode_message, wire.decode_replies):
        with contextlib.suppress(wire.BadMessage):
            decode(raw)


@pytest.mark.parametrize("raw", [b"", b"\x91" * 5000, msgspec.msgpack.encode([1, 2, 3])])
def test_bytes_that_cannot_be_a_message_are_refused(raw):
    with pytest.raises(wire.BadMessage):
        wire.decode_message(raw)
