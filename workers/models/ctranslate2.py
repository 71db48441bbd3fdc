"""Reads the weights of a CTranslate2 model.bin. Its layout, all numbers little-endian, as CTranslate2 writes it
(https://github.com/OpenNMT/CTranslate2/blob/master/python/ctranslate2/specs/model_spec.py):

    version uint32, name of the specification, its revision uint32,
    number of weights uint32, and for each: name, rank uint8, sizes uint32 each, type uint8, bytes uint32, the numbers;
    a name is its length uint16, counting a closing zero byte, and UTF-8.
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

_VERSION = 6
_TYPES = (np.dtype("<f4"), np.dtype("i1"), np.dtype("<i2"), np.dtype("<i4"), np.dtype("<f2"))


class NotCTranslate2(ValueError):
    """The file is none that is read here; the message says why."""


def read_weights(path: Path, specification: str) -> dict[str, np.ndarray]:
    """The weights by name, as they were saved. Raises NotCTranslate2 for another specification or a damaged file."""
    try:
        with path.open("rb") as file:
            version, name, _revision = _number(file, "I"), _name(file), _number(file, "I")
            if (version, name) != (_VERSION, specification):
                raise NotCTranslate2(f"{path.name} is {name} in version {version}, not {specification} in {_VERSION}")
            return dict(_weight(file) for _ in range(_number(file, "I")))
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise NotCTranslate2(f"{path.name} cannot be read: {error}") from error


def _weight(file: BinaryIO) -> tuple[str, np.ndarray]:
    name = _name(file)
    sizes = [_number(file, "I") for _ in range(_number(file, "B"))]
    dtype = _TYPES[_number(file, "B")]
    return name, np.frombuffer(file.read(_number(file, "I")), dtype).reshape(sizes)


def _name(file: BinaryIO) -> str:
    return file.read(_number(file, "H"))[:-1].decode()


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))[0])
