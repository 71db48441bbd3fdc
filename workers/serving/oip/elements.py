"""The data of one input tensor, from JSON or from raw bytes, as one `Tensor` a sample.

Every refusal is a BadInput that names the input. Media in JSON are base64 strings (a data URL is taken too); text, and
BYTES of any other modality, are JSON strings taken as UTF-8. In the binary form BYTES are the bytes themselves.
"""

import base64
import binascii
import struct
from itertools import chain
from typing import Any, NoReturn

from workers.serving.errors import BadInput
from workers.serving.routing import InputSpec
from workers.serving.tensors import BF16, BYTES, ITEM_BYTES, Tensor, element_count, pack

MEDIA = frozenset({"image", "audio", "video"})
_JSON_TYPES: dict[str, set[type]] = {
    "BOOL": {bool},
    "FP16": {int, float},
    "FP32": {int, float},
    "FP64": {int, float},
    BF16: {int, float},
    BYTES: {str},
}
_WHOLE: set[type] = {int}  # for any other
_LENGTH_PREFIX = 4  # bytes before each BYTES element, little-endian


def refuse(spec: InputSpec, why: str) -> NoReturn:
    """Raise the BadInput that says why this input cannot be used."""
    raise BadInput(f"Input '{spec.name}': {why}.")


def from_json(spec: InputSpec, shape: tuple[int, ...], data: Any) -> list[Tensor]:
    """Samples of a JSON `data` list: flat in row-major order, or nested exactly as `shape` says."""
    if not isinstance(data, list):
        refuse(spec, "`data` must be a list")
    flat = _flatten(spec, shape, data)
    allowed = _JSON_TYPES.get(spec.datatype, _WHOLE)
    if not set(map(type, flat)) <= allowed:
        refuse(spec, f"`data` must hold {spec.datatype} only; it holds {kinds(set(map(type, flat)) - allowed)}")
    if spec.datatype == BYTES:
        return split_bytes(shape, _texts(spec, flat))
    return _split_numbers(spec, shape, _numbers(spec, flat))


def one(spec: InputSpec, shape: tuple[int, ...], flat: list[Any]) -> Tensor | None:
    """One sample of as many elements as its shape holds; None when they are not all of the datatype's kind."""
    if not _JSON_TYPES.get(spec.datatype, _WHOLE) >= set(map(type, flat)):
        return None
    return Tensor(spec.datatype, shape, _texts(spec, flat) if spec.datatype == BYTES else _numbers(spec, flat))


def from_binary(spec: InputSpec, shape: tuple[int, ...], raw: memoryview) -> list[Tensor]:
    """Samples of the binary form's bytes for this input."""
    if spec.datatype == BYTES:
        return split_bytes(shape, _prefixed(spec, raw, element_count(shape)))
    expected = element_count(shape) * ITEM_BYTES[spec.datatype]
    if len(raw) != expected:
        refuse(spec, f"shape {list(shape)} of {spec.datatype} takes {expected} bytes but {len(raw)} were sent")
    return _split_numbers(spec, shape, bytes(raw))


def split_bytes(shape: tuple[int, ...], elements: list[bytes]) -> list[Tensor]:
    """One tensor a sample from as many byte strings as `shape` holds."""
    each = len(elements) // shape[0]
    return [Tensor(BYTES, shape[1:], elements[at : at + each]) for at in range(0, len(elements), each)]


def _split_numbers(spec: InputSpec, shape: tuple[int, ...], raw: bytes) -> list[Tensor]:
    each = len(raw) // shape[0]
    return [Tensor(spec.datatype, shape[1:], raw[at : at + each]) for at in range(0, len(raw), each)]


def _flatten(spec: InputSpec, shape: tuple[int, ...], data: list[Any]) -> list[Any]:
    """Level by level, so neither depth nor size of hostile nesting costs more than the declared shape."""
    nested = bool(data) and isinstance(data[0], list)
    if not nested and len(data) != element_count(shape):
        refuse(spec, f"shape {list(shape)} takes {element_count(shape)} elements but `data` has {len(data)}")
    parts: list[Any] = [data]
    for dimension in shape if nested else (len(data),):
        if any(not isinstance(part, list) or len(part) != dimension for part in parts):
            refuse(spec, f"`data` is not nested as shape {list(shape)} says")
        parts = list(chain.from_iterable(parts))
    return parts


def _numbers(spec: InputSpec, flat: list[Any]) -> bytes:
    try:
        return pack(spec.datatype, flat)
    except (OverflowError, struct.error):
        refuse(spec, f"`data` holds a number that {spec.datatype} cannot hold")


def _texts(spec: InputSpec, flat: list[str]) -> list[bytes]:
    if spec.modality not in MEDIA:
        return [text.encode() for text in flat]
    return [_media(spec, text, place) for place, text in enumerate(flat)]


def _media(spec: InputSpec, text: str, place: int) -> bytes:
    if text.startswith("data:"):
        header, _, text = text.partition(",")
        if not header.endswith(";base64"):
            refuse(spec, f"sample {place} is a data URL without `;base64`")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters outside ASCII
        refuse(spec, f"sample {place} is not base64; in JSON, media are sent as base64 strings")


def _prefixed(spec: InputSpec, raw: memoryview, count: int) -> list[bytes]:
    elements, at = [], 0
    while at < len(raw):
        start = at + _LENGTH_PREFIX
        at = start + int.from_bytes(raw[at:start], "little")
        if at > len(raw) or start > len(raw):
            refuse(spec, "the binary data ends inside an element")
        elements.append(bytes(raw[start:at]))
    if len(elements) != count:
        refuse(spec, f"the shape takes {count} elements but the binary data holds {len(elements)}")
    if spec.modality == "text":
        _check_utf8(spec, elements)
    return elements


def _check_utf8(spec: InputSpec, elements: list[bytes]) -> None:
    for place, element in enumerate(elements):
        try:
            element.decode()
        except UnicodeDecodeError:
            refuse(spec, f"sample {place} is not UTF-8 text")


def kinds(types: set[type]) -> str:
    """Python's types as JSON calls them."""
    json_names = {bool: "booleans", int: "whole numbers", float: "fractions", str: "strings", list: "lists"}
    return ", ".join(sorted(json_names.get(each, "null" if each is type(None) else "objects") for each in types))
