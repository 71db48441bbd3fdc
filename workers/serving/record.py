"""A prediction as it is recorded: what the gateway says of the request, what the last stage says of the answer.

It travels in the stream `quartet:predictions`, a msgpack list of `Record` an entry, written in the transaction that
sends the answer; inputs that are kept travel in `quartet:kept`. Both are read by workers/records.py.
"""

import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

from workers.serving import clock
from workers.serving.tensors import BYTES, Sample, Tensor, numbers_of

T = TypeVar("T")

#: Characters of a label that are recorded: as many as a truth may have, else a long one would never be right.
#: apps/registry/rules/roles.py says the same of truths.
LABEL_LENGTH = 1000
#: More numbers than this are no scores of classes.
_SCORES_MOST = 100_000
#: How far from one the sum of a distribution may be: FP16 has three digits.
_SUM_SLACK = 0.01
_INTEGERS = {"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"}

_Name = Annotated[str, msgspec.Meta(max_length=63)]
_Int4 = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Id = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Asked(msgspec.Struct, array_like=True, frozen=True):
    """What only the gateway knows of a request. A replica may serve several revisions and cannot tell them apart."""

    id: _Id  # a version 7 UUID
    received: float  # unix seconds
    deployment: _Name
    revision: _Int4
    version: str
    samples: Annotated[int, msgspec.Meta(ge=0, le=2**15 - 1)]
    inputs: tuple[_Name, ...]  # those that it brought
    missing: tuple[_Name, ...]  # those that the model knows and it did not bring
    below: float = 0.0  # a confidence under this has its inputs kept
    subject: Annotated[str, msgspec.Meta(max_length=200)] = ""
    muted: tuple[_Name, ...] = ()  # those that it brought and that are muted
    muted_used: bool = False  # the model was given them all the same, as it had nothing else to go by
    mirrored: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None  # a mirror of what took the live one so long


class Record(msgspec.Struct, array_like=True, frozen=True):
    """One prediction, or one mirror; `labels` and `confidences` have an element a sample, or none where the model gives
    none. What a mirror took is the seconds of the batches that it was in, and so is what its live answer took."""

    asked: Asked
    error: _Name  # code, or ""
    latency: _Seconds  # seconds, to when the last stage was done with it
    queued: _Seconds  # of them waiting for replicas
    labels: Sequence[str] = ()
    confidences: Sequence[float | None] = ()


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """The inputs of one prediction, with the modality of each."""

    id: _Id
    deployment: _Name
    subject: str
    samples: list[Sample]
    modalities: dict[str, str]


class BadRecord(ValueError):
    """Bytes in a stream that are no records of ours."""


_encoder = msgspec.msgpack.Encoder()
_records_decoder = msgspec.msgpack.Decoder(list[Record])
_kept_decoder = msgspec.msgpack.Decoder(Kept)


def encode_records(records: Sequence[Record]) -> bytes:
    """As one entry of the stream has them."""
    return _encoder.encode(records)


def decode_records(raw: bytes) -> list[Record]:
    """Raises BadRecord."""
    return _decoded(_records_decoder, raw)


def encode_kept(kept: Kept) -> bytes:
    """As one entry of the stream has it."""
    return _encoder.encode(kept)


def decode_kept(raw: bytes) -> Kept:
    """Raises BadRecord."""
    return _decoded(_kept_decoder, raw)


def _decoded(decoder: "msgspec.msgpack.Decoder[T]", raw: bytes) -> T:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord(str(error)) from None


def new_id(moment: float | None = None) -> bytes:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, then 74 random ones between version and variant."""
    global _chances
    milliseconds = int((clock.now() if moment is None else moment) * 1000)
    chance = next(_chances, None)
    if chance is None:
        _chances = struct.iter_unpack(">QH", os.urandom(10 * 512))  # a call for each id would cost more than the rest
        chance = next(_chances)
    return _ID.pack(milliseconds << 16 | 0x7000 | chance[1] & 0xFFF, _VARIANT | chance[0] & _RANDOM)


_chances: Iterator[tuple[int, ...]] = iter(())
_ID = struct.Struct(">QQ")
_VARIANT, _RANDOM = 0b10 << 62, (1 << 62) - 1


def id_text(identifier: bytes) -> str:
    """As callers see it."""
    digits = identifier.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Reading:
    """Reads labels and confidences from a model's answers, by its outputs' roles (apps/registry/rules/roles.py)."""

    __slots__ = ("_label", "_scores")

    def __init__(self, outputs: Iterable[Mapping[str, Any]]) -> None:
        roles = {output.get("role"): output["name"] for output in outputs}
        self._label: str | None = roles.get("label")
        self._scores: str | None = roles.get("scores")

    def labels(self, samples: Iterable[Sample]) -> list[str]:
        """Of each sample; none where the model names no class."""
        name = self._label
        return [] if name is None else [_label(sample.get(name)) for sample in samples]

    def confidences(self, samples: Iterable[Sample]) -> list[float | None]:
        """Of each sample, None where its scores are no distribution; none where the model gives no scores."""
        name = self._scores
        return [] if name is None else [_confidence(sample.get(name)) for sample in samples]


def unsure(confidences: Iterable[float | None], below: float) -> bool:
    """Whether any of them is under the bound."""
    for each in confidences:  # noqa: SIM110  a generator for `any` costs as much as all the rest
        if each is not None and each < below:
            return True
    return False


def _label(tensor: Tensor | None) -> str:
    if tensor is None or not tensor.data:
        return ""
    if tensor.datatype == BYTES:
        return tensor.elements[0][: 4 * LABEL_LENGTH].decode("utf-8", "replace").replace("\0", "\ufffd")[:LABEL_LENGTH]
    if tensor.datatype == "BOOL":
        return "true" if tensor.numbers[0] else "false"
    if tensor.datatype in _INTEGERS:
        return str(int.from_bytes(tensor.numbers, "little", signed=tensor.datatype[0] == "I"))
    return ""


def _confidence(tensor: Tensor | None) -> float | None:
    """The greatest score of a distribution over classes."""
    if tensor is None or isinstance(tensor.data, list):
        return None
    # FP32 nearly always, and quicker so for the few that there mostly are
    scores = _floats(len(tensor.data))(tensor.data) if tensor.datatype == "FP32" else _numbers(tensor)
    if not scores or min(scores) < 0 or not -_SUM_SLACK <= sum(scores) - 1 <= _SUM_SLACK:
        return None
    return max(scores)


@lru_cache(maxsize=64)
def _floats(size: int) -> Callable[[bytes], tuple[float, ...]]:
    """What reads so many bytes of FP32; nothing of more than there are classes."""
    return struct.Struct(f"<{size // 4}f").unpack if size <= 4 * _SCORES_MOST else lambda raw: ()


def _numbers(tensor: Tensor) -> Sequence[float]:
    raw = tensor.numbers
    if len(raw) > 8 * _SCORES_MOST:
        return ()
    return numbers_of(tensor.datatype, raw).tolist() if tensor.datatype.startswith(("FP", "BF")) else ()
