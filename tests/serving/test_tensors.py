"""Datatypes: every number that a datatype can hold survives JSON and the binary form; BF16 rounds as hardware does."""

import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workers.serving.tensors import BF16, DTYPES, ITEM_BYTES, numbers_of, pack, to_array, to_bf16

FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=20)


def extremes(datatype: str) -> list:
    dtype = DTYPES[datatype]
    if dtype.kind == "b":
        return [True, False]
    info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return [info.min.item() if dtype.kind == "f" else info.min, 0, info.max.item() if dtype.kind == "f" else info.max]


@pytest.mark.parametrize("datatype", DTYPES)
def test_the_extremes_of_every_datatype_are_packed_as_numpy_has_them(datatype):
    numbers = extremes(datatype)
    assert pack(datatype, numbers) == np.array(numbers, DTYPES[datatype]).tobytes()
    assert len(pack(datatype, numbers)) == len(numbers) * ITEM_BYTES[datatype]


@pytest.mark.parametrize("datatype", [each for each in DTYPES if each != "BOOL"])
def test_a_number_beyond_the_extremes_is_refused(datatype):
    beyond = extremes(datatype)[-1] * 2 + 1 if datatype != "FP64" else 10**400
    with pytest.raises((OverflowError, struct.error)):
        pack(datatype, [beyond])


@given(FLOATS)
def test_bf16_rounds_as_torch_does(numbers):
    array = np.array(numbers, np.float32)
    expected = torch.from_numpy(array).to(torch.bfloat16).to(torch.float32).numpy()
    assert np.array_equal(numbers_of(BF16, pack(BF16, numbers)), expected)
    assert np.array_equal(to_array(to_bf16(array)), expected)


def test_bf16_keeps_what_is_no_number():
    assert np.isnan(to_array(to_bf16(np.array([np.nan, -np.nan], np.float32)))).all()
