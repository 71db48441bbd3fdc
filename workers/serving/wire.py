"""What travels in the streams: msgpack of `Message` (a request to a stage) and `Reply` (an answer to a gateway).

Objects are never pickled: what is decoded here is plain data of the declared types, or refused.
"""

from typing import Any

import msgspec

from workers.serving.record import Asked
from workers.serving.tensors import Sample

#: Largest encoded message in bytes. Valkey holds each in memory; larger media belongs in the asset store.
MESSAGE_LIMIT = 64 * 1024 * 1024


class Hop(msgspec.Struct, array_like=True, frozen=True):
    """One stage on a request's way: the stream it waits in, and which hops of the same plan get what it gives.

    `joins` counts the hops that give to this one; 0 where the request itself comes in.
    """

    stage: str
    stream: str
    then: tuple[int, ...] = ()
    joins: int = 0


class Stop(msgspec.Struct, array_like=True, frozen=True):
    """What one stage took for a request: seconds waiting in its stream, seconds of the batch it was computed in, and
    that batch's samples. `steps` are the batch's seconds by step of the pipeline."""

    stage: str
    queued: float
    busy: float
    batch: int
    steps: dict[str, float]


class Message(msgspec.Struct, array_like=True, frozen=True):
    """One request on its way to a stage. The number of deliveries is kept by the stream's consumer group."""

    id: int  # the sending gateway's own number for it
    gateway: str  # whose reply stream the answer goes to
    deadline: float  # unix seconds; work found later than this is dropped
    samples: list[Sample]
    plan: tuple[Hop, ...] = ()  # the whole way; empty where there is but one stage
    at: int = 0  # this message's hop of the plan
    priority: int = 0  # names.NORMAL, HIGH or LOW
    sent: float = 0.0  # unix seconds when it was put into the stream
    events: bool = False  # the caller wants what is known so far, as it comes
    trail: tuple[Stop, ...] = ()  # the stages behind it
    asked: Asked | None = None  # what its record says of it; None where none is kept


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """The answer to one message: samples, or an error's code and message.

    `part` counts what is told before the answer, from 1; the answer itself has none. `keep` where the model was not
    sure: the inputs should be kept. `confidences` has an element a sample, or none where the model gives none.
    """

    id: int
    samples: list[Sample]
    code: str = ""
    message: str = ""
    part: int = 0
    trail: tuple[Stop, ...] = ()
    keep: bool = False
    confidences: tuple[float | None, ...] = ()


class MessageTooLarge(ValueError):
    """An encoded message is over MESSAGE_LIMIT; the text says by how much."""


class BadMessage(ValueError):
    """Bytes in a stream that are no message of ours."""


def replaced(message: Message, **changes: Any) -> Message:
    """The message with some fields changed."""
    return msgspec.structs.replace(message, **changes)


def busy(trail: tuple[Stop, ...]) -> float:
    """Seconds of the batches that a request was in, over all stages."""
    return sum([stop.busy for stop in trail])


_encoder = msgspec.msgpack.Encoder()
_message_decoder = msgspec.msgpack.Decoder(Message)
_replies_decoder = msgspec.msgpack.Decoder(list[Reply])


def encode_message(message: Message) -> bytes:
    """Raises MessageTooLarge."""
    return _bounded(_encoder.encode(message))


def decode_message(raw: bytes) -> Message:
    """Raises BadMessage."""
    try:
        return _message_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(str(error)) from None


def encode_reply(reply: Reply) -> bytes:
    """One reply of a batch, to be joined by `join_replies`. Raises MessageTooLarge."""
    return _bounded(_encoder.encode(reply))


def join_replies(encoded: list[bytes]) -> bytes:
    """The msgpack list of already encoded replies, so that each was measured against the limit on its own."""
    return b"".join([b"\xdd", len(encoded).to_bytes(4, "big"), *encoded])


def decode_replies(raw: bytes) -> list[Reply]:
    """Raises BadMessage."""
    try:
        return _replies_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(str(error)) from None


def _bounded(raw: bytes) -> bytes:
    if len(raw) > MESSAGE_LIMIT:
        raise MessageTooLarge(f"it takes {len(raw)} bytes, {len(raw) - MESSAGE_LIMIT} over what a stream carries")
    return raw
