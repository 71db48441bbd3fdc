"""A look at a WebM's head before FFmpeg reads it (EBML, RFC 8794: elements of id, size, content)."""

from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

MAGIC = b"\x1a\x45\xdf\xa3"
_DOC_TYPE = b"\x42\x82\x84webm"
_SEGMENT = b"\x18\x53\x80\x67"


def check(spec: InputSpec, raw: bytes) -> None:
    """Refuse what is another kind of Matroska file, or shorter than it says.

    A size of all ones means "until the end": a recorder that writes into a pipe cannot know better.
    """
    size, at = _size(raw, len(MAGIC))
    if size is None or at + size > len(raw):
        refuse(spec, "it is cut short or damaged: its header is not whole")
    if _DOC_TYPE not in raw[at : at + size]:
        refuse(spec, "it is a Matroska file of another kind than WebM")
    if raw[at + size : at + size + len(_SEGMENT)] != _SEGMENT:
        refuse(spec, "it is a WebM file without content")
    told, start = _size(raw, at + size + len(_SEGMENT))
    if told is not None and start + told > len(raw):
        refuse(spec, f"it is cut short: {len(raw)} bytes came of the {start + told} its header tells")


def _size(raw: bytes, at: int) -> tuple[int | None, int]:
    """The size that stands at this place (None: unknown) and the place behind it."""
    first = raw[at] if at < len(raw) else 0
    length = 9 - first.bit_length()  # the zeros before the first one bit tell how many bytes follow
    value = int.from_bytes(raw[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), at + length
