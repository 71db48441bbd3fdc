"""OIP datatypes beside numpy's, and the one form in which a value travels: `Tensor`."""

import math
import struct
from collections.abc import Sequence
from typing import Any, cast

import msgspec
import numpy as np

#: OIP datatype -> numpy dtype, little-endian as the binary form has it.
DTYPES: dict[str, np.dtype] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
DATATYPES = {dtype: name for name, dtype in DTYPES.items()}
BYTES = "BYTES"

#: The upper half of FP32. numpy has no such dtype, so models see and give FP32; only the way there and back is short.
BF16 = "BF16"

#: OIP datatype -> bytes of one number.
ITEM_BYTES = {name: dtype.itemsize for name, dtype in DTYPES.items()} | {BF16: 2}

_FP32 = DTYPES["FP32"]
_PACKING = {
    **{"BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q"},
    **{"INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"},
    **{"FP16": "e", "FP32": "f", "FP64": "d", BF16: "f"},
}


class Tensor(msgspec.Struct, array_like=True, frozen=True):
    """One named value of one sample. `data` is raw little-endian numbers, or a list of byte strings for BYTES."""

    datatype: str
    shape: tuple[int, ...]  # without the sample dimension; () is a scalar
    data: bytes | list[bytes]

    @property
    def numbers(self) -> bytes:
        """The data of any datatype but BYTES."""
        return cast(bytes, self.data)

    @property
    def elements(self) -> list[bytes]:
        """The data of BYTES."""
        return cast(list[bytes], self.data)


#: One sample: its values by name.
Sample = dict[str, Tensor]


def element_count(shape: tuple[int, ...]) -> int:
    """How many elements a shape holds; 1 for a scalar's ()."""
    return math.prod(shape)


def pack(datatype: str, numbers: Sequence[Any]) -> bytes:
    """Numbers as raw little-endian bytes; raises OverflowError or struct.error for one that the datatype cannot hold.

    struct refuses what numpy would make infinite without a word, and is quicker on the few numbers of most requests.
    """
    raw = struct.pack(f"<{len(numbers)}{_PACKING[datatype]}", *numbers)
    return _to_bf16(np.frombuffer(raw, _FP32)) if datatype == BF16 else raw


def numbers_of(datatype: str, raw: bytes) -> np.ndarray:
    """Raw little-endian numbers as a flat array (read-only, no copy); BF16 as FP32."""
    if datatype == BF16:
        return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view(_FP32)
    return np.frombuffer(raw, DTYPES[datatype])


def to_array(tensor: Tensor) -> np.ndarray:
    """The tensor as a numpy array (read-only, no copy); BYTES become an object array of bytes, BF16 FP32."""
    if isinstance(tensor.data, list):
        flat = np.empty(len(tensor.data), dtype=object)
        flat[:] = tensor.data
        return flat.reshape(tensor.shape)
    return numbers_of(tensor.datatype, tensor.data).reshape(tensor.shape)


def to_bf16(array: np.ndarray) -> Tensor:
    """The array, of numbers that FP32 holds, as a BF16 tensor."""
    return Tensor(BF16, array.shape, _to_bf16(np.ascontiguousarray(array, _FP32)))


def _to_bf16(array: np.ndarray) -> bytes:
    """Rounded to the nearest, ties to even, as hardware does; NaN stays NaN."""
    bits = array.view("<u4").ravel()
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(array.ravel()), (bits >> 16) | 0x40, rounded).astype("<u2").tobytes()


def from_array(array: np.ndarray) -> Tensor:
    """The array as a tensor; raises TypeError, naming the dtype, for one the protocol has no datatype for."""
    if array.dtype.kind in "SUO":
        return Tensor(BYTES, array.shape, [_element_bytes(item) for item in array.ravel().tolist()])
    little = array.dtype.newbyteorder("<")
    if little not in DATATYPES:
        raise TypeError(f"an array of {array.dtype} cannot be sent; use one of {', '.join(DTYPES)} or strings")
    return Tensor(DATATYPES[little], array.shape, array.astype(little, copy=False).tobytes())


def _element_bytes(item: object) -> bytes:
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, bytes):
        return item
    raise TypeError(f"an array of objects may hold str or bytes only, not {type(item).__name__}")
