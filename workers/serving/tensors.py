"""OIP datatypes beside numpy's, and the one form in which a value travels: `Tensor`."""

import math
from typing import cast

import msgspec
import numpy as np

#: OIP datatype -> numpy dtype, little-endian as the binary form has it. BF16 has no numpy dtype: not offered.
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


def to_array(tensor: Tensor) -> np.ndarray:
    """The tensor as a numpy array (read-only, no copy); BYTES become an object array of bytes."""
    if isinstance(tensor.data, list):
        flat = np.empty(len(tensor.data), dtype=object)
        flat[:] = tensor.data
        return flat.reshape(tensor.shape)
    return np.frombuffer(tensor.data, DTYPES[tensor.datatype]).reshape(tensor.shape)


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
