"""Is a safetensors file whole? Its header lists every tensor's place, so a cut or stretched file shows.

Layout: https://github.com/huggingface/safetensors#format
"""

import json
import math
from typing import Any

#: Bits of one element.
_BITS = {
    **{"F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32},
    **{
        "F16": 16,
        "BF16": 16,
        "I16": 16,
        "U16": 16,
        "F8_E4M3": 8,
        "F8_E5M2": 8,
        "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8,
        "F8_E5M2FNUZ": 8,
    },
    **{"I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4},
}
#: The safetensors library reads no longer header either.
LONGEST_HEADER = 100_000_000


def header_length(head: bytes) -> int:
    """How long the JSON header says it is, in bytes; 0 for a file too short to say."""
    return int.from_bytes(head[:8], "little") if len(head) >= 8 else 0


def header_fault(head: bytes, size: int) -> str | None:
    """What is wrong with a file of `size` bytes that begins with `head` (its whole header); None when nothing is."""
    length = header_length(head)
    if not 2 <= length <= min(LONGEST_HEADER, size - 8) or len(head) < 8 + length:
        return "its header is cut off or too long"
    try:
        tensors = json.loads(head[8 : 8 + length])
    except (ValueError, RecursionError):
        return "its header is not JSON"
    if not isinstance(tensors, dict):
        return "its header is not a mapping"
    tensors.pop("__metadata__", None)
    return _tensors_fault(tensors, size - 8 - length)


def _tensors_fault(tensors: dict[str, Any], data_size: int) -> str | None:
    end = 0
    try:
        entries = sorted((t["data_offsets"], t["dtype"], t["shape"], name) for name, t in tensors.items())
        for (first, last), dtype, shape, name in entries:
            if first != end or (last - first) * 8 != math.prod(shape) * _BITS[dtype]:
                return f"the tensor '{name[:80]}' does not lie where its header says"
            end = last
    except (KeyError, TypeError, ValueError):
        return "its header does not describe tensors"
    if end != data_size:
        return f"its tensors take {end} bytes and {data_size} are there"
    return None
