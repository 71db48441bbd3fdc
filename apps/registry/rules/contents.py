"""Which bytes an artifact may bring: weights and data, but no pickle, which runs its author's code when it is loaded.

A name proves nothing, so the bytes are looked at too, also inside zip files and compressed ones.
"""

import bz2
import lzma
import pickletools
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.registry.errors import BadContents, PickleRefused
from apps.registry.rules.safetensors_header import header_fault
from apps.registry.rules.text_pickles import is_text_pickle

#: How many bytes from the start of a file are looked at (a safetensors file brings its whole header).
HEAD = 64 * 1024
_PICKLE_ENDINGS = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".mar", ".nemo", ".pyc", ".pyo")
_OPCODES = frozenset(ord(opcode.code) for opcode in pickletools.opcodes)
_NUMPY_OBJECT = re.compile(rb"'[|<>=]?O\d*'")
_ZIP = b"PK\x03\x04"
_PT2_REMEDY = "torch.export.save pickles the example inputs: set 'program.example_inputs = None' before saving."


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a zip file: its name and its first bytes."""

    name: str
    head: bytes


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of one file: its path, size in bytes, first bytes, and its entries when it is a zip file."""

    path: str
    size: int
    head: bytes
    members: tuple[Member, ...] = ()


def contents_check(probe: Probe) -> None:
    """Raises PickleRefused or BadContents saying why the file cannot be kept."""
    ending = next((e for e in _PICKLE_ENDINGS if probe.path.lower().endswith(e)), None)
    if ending in (".pyc", ".pyo"):
        raise BadContents(
            f"'{probe.path}' is compiled Python.", remedy="Upload the .py file: what runs must be readable."
        )
    if ending:
        raise _refused(probe.path, f"files ending in '{ending}' are pickles or hold them")
    if probe.path.lower().endswith(".safetensors"):
        _check_safetensors(probe)
    else:
        _check_bytes(probe)


def _check_safetensors(probe: Probe) -> None:
    fault = header_fault(probe.head, probe.size)
    if fault:
        raise BadContents(
            f"'{probe.path}' is not a whole safetensors file: {fault}.", remedy="Save it and upload it again."
        )


def _check_bytes(probe: Probe) -> None:
    reason = pickle_reason(probe.head)
    if reason:
        raise _refused(probe.path, reason)
    for member in probe.members:
        _check_member(probe.path, member)
    if is_tar(probe.head) or is_tar(_unpacked(probe.head)):
        raise BadContents(
            f"'{probe.path}' is a tar archive, which is not looked into.", remedy="Upload the files in it one by one."
        )


def _check_member(path: str, member: Member) -> None:
    remedy = _PT2_REMEDY if path.lower().endswith(".pt2") else None
    if member.head.startswith(_ZIP):
        raise _refused(path, f"its entry '{member.name}' is a zip file of its own, as pickled tensors are", remedy)
    ending = next((e for e in _PICKLE_ENDINGS if member.name.lower().endswith(e)), None)
    reason = pickle_reason(member.head) or (f"it ends in '{ending}'" if ending and member.head else None)
    if reason:
        raise _refused(path, f"of its entry '{member.name}': {reason}", remedy)


def _refused(path: str, reason: str, remedy: str | None = None) -> PickleRefused:
    message = f"'{path}' is refused because {reason}. Loading a pickle runs any code its author put in."
    return PickleRefused(message, remedy=remedy, path=path)


def pickle_reason(head: bytes) -> str | None:
    """Why bytes that begin with `head` are a pickle, also under gzip, zlib, bzip2 or xz; None when they are none."""
    for start in (head, _unpacked(head)):
        if _is_binary_pickle(start):
            return "it begins as a Python pickle does"
        if _is_numpy_object(start):
            return "it is a numpy array of Python objects, which is a pickle"
        if is_text_pickle(start):
            return "it is a Python pickle in the old text form"
    return None


def is_tar(head: bytes) -> bool:
    """Whether bytes that begin with `head` are a tar archive."""
    return head[257:262] == b"ustar"


def _is_binary_pickle(head: bytes) -> bool:
    # The third byte tells a pickle from a number that happens to be 0x0280: a safetensors header can be that long.
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5 and head[2] in _OPCODES


def _is_numpy_object(head: bytes) -> bool:
    return head.startswith(b"\x93NUMPY") and bool(_NUMPY_OBJECT.search(head[:4096]))


def _unpacked(head: bytes) -> bytes:
    """The first bytes of what `head` is compressed from; empty when it is not compressed."""
    openers: Iterable[tuple[bytes, Callable[[bytes], bytes]]] = (
        (b"\x1f\x8b", lambda data: zlib.decompressobj(wbits=31).decompress(data, HEAD)),
        (b"\x78", lambda data: zlib.decompressobj().decompress(data, HEAD)),
        (b"BZh", lambda data: bz2.BZ2Decompressor().decompress(data, HEAD)),
        (b"\xfd7zXZ", lambda data: lzma.LZMADecompressor(memlimit=64 * 1024**2).decompress(data, HEAD)),
    )
    for magic, unpack in openers:
        if head.startswith(magic):
            try:
                return unpack(head)
            except (zlib.error, OSError, lzma.LZMAError, EOFError):
                return b""
    return b""
