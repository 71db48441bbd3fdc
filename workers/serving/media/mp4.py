"""A look at an MP4's boxes before FFmpeg reads them (ISO/IEC 14496-12: a box is its size, four letters, its content).

A table of samples may claim any number of them in a few bytes, and FFmpeg takes about 60 bytes of memory for each
before it sees that they are not there: a file of 2 kB costs gigabytes. Since FFmpeg reads a box wherever it stands,
boxes are found by their letters and not by their place; only the media data itself (`mdat`) is left out.
"""

from collections.abc import Iterator

from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

_MAX_SAMPLES = 1_000_000  # packets of all tracks: six hours of AAC sound at 48 kHz
_MAX_BOXES = 100_000  # of the outermost level
_TABLES = ((b"stsz", 12), (b"stz2", 12))  # a box and how far behind its letters the count of samples stands
_RUNS = (b"trun", 8)


def check(spec: InputSpec, raw: bytes) -> None:
    """Refuse what is cut short, has its tables compressed, or claims more samples than any honest file has."""
    boxes = list(_boxes(spec, raw))
    if not any(kind == b"moov" for kind, _, _ in boxes):
        refuse(spec, "it is an MP4 file without the table of what is in it (moov)")
    tables = b"".join(raw[at : at + size] for kind, at, size in boxes if kind != b"mdat")
    if b"cmov" in tables:
        refuse(spec, "its tables are compressed (cmov), which is not taken")
    if b"sidx" in tables:
        tables = raw  # an index of fragments may point FFmpeg to anywhere
    if _claims_too_many(tables):
        refuse(spec, f"it claims to hold more than {_MAX_SAMPLES} packets")


def _boxes(spec: InputSpec, raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Letters, place and size of each box of the outermost level."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at == len(raw):
            return
        size, header = _size(raw, at)
        if size < header or at + size > len(raw):
            refuse(spec, f"it is cut short or damaged: the box at byte {at} of {len(raw)} is not whole")
        yield raw[at + 4 : at + 8], at, size
        at += size
    refuse(spec, f"it is in more than {_MAX_BOXES} pieces")


def _size(raw: bytes, at: int) -> tuple[int, int]:
    """Size of the box at this place and of its header; a size of 0 means to the end, of 1 that 64 bits follow."""
    size = int.from_bytes(raw[at : at + 4], "big")
    if size == 1:
        return int.from_bytes(raw[at + 8 : at + 16], "big"), 16
    return size or len(raw) - at, 8


def _claims_too_many(tables: bytes) -> bool:
    # Runs mean nothing without a fragment's header, and "trun" may stand in the word of a title.
    kinds = (*_TABLES, _RUNS) if b"tfhd" in tables else _TABLES
    claimed = 0
    for kind, offset in kinds:
        at = tables.find(kind)
        while at >= 0 and claimed <= _MAX_SAMPLES:
            claimed += int.from_bytes(tables[at + offset : at + offset + 4], "big")
            at = tables.find(kind, at + len(kind))
    return claimed > _MAX_SAMPLES
