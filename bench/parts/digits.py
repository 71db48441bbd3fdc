"""Pictures and sounds as their files' bytes: how much of the bare pipeline's speed is left."""

import functools
import json
import struct
from typing import Any

from bench import bare, quartet
from bench.artifacts import Artifact, digits_artifact
from bench.load import Request, ask, drive, require_same, warm_up
from bench.models.media import samples
from bench.part import Column, Figures, Part, Slice, Target
from bench.peers import QUARTET
from bench.slices import MANY

_BARE = "bare"
_SHARE = 0.85  # of the bare pipeline's speed


def _slices(seconds: float) -> dict[str, Slice]:
    artifact = functools.cache(digits_artifact)  # trained when the first slice needs it
    return {
        _BARE: lambda: {_BARE: {"many_rps": _bare(artifact(), seconds).rps}},
        QUARTET: lambda: {QUARTET: _quartet(artifact(), seconds)},
    }


def _bare(artifact: Artifact, seconds: float) -> bare.Bare:
    return bare.run("digits", seconds, artifact.directory, "bench.models.digits")


def _quartet(artifact: Artifact, seconds: float) -> Figures:
    files = samples(artifact.directory)
    with quartet.serving(artifact) as served:
        plain = _request(served.url, files[:1], binary_answer=False)
        require_same(ask(plain), "scores", _bare(artifact, 0.0).answer)
        request = _request(served.url, files, binary_answer=True)
        warm_up(request, MANY)
        many = drive(request, MANY, seconds)
        one = drive(request, 1, seconds / 3)
    return {
        "many_rps": many.rps,
        "many_p50_ms": many.p50_ms,
        "many_p99_ms": many.p99_ms,
        "one_p50_ms": one.p50_ms,
    }


def _request(url: str, files: list[tuple[bytes, bytes]], binary_answer: bool) -> Request:
    """The protocol's binary form. Every JSON head is padded to one length, as one header tells it for all bodies."""
    parts = [_body(sample, binary_answer) for sample in files]
    length = max(len(head) for head, _ in parts)
    told = {"Inference-Header-Content-Length": str(length), "Content-Type": "application/octet-stream"}
    return Request(url, [head.ljust(length) + data for head, data in parts], quartet.HEADERS | told)


def _body(sample: tuple[bytes, bytes], binary_answer: bool) -> tuple[bytes, bytes]:
    elements = [struct.pack("<I", len(file)) + file for file in sample]
    inputs: list[dict[str, Any]] = [
        {"name": name, "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(element)}}
        for name, element in zip(("image", "sound"), elements, strict=True)
    ]
    head = {"inputs": inputs, "parameters": {"binary_data_output": binary_answer}}
    return json.dumps(head).encode(), b"".join(elements)


PART = Part(
    name="digits",
    title="Pictures and sounds: digits seen and heard",
    prose=(
        "The demo's model. Each request carries a PNG and a WAV file as they are, in the protocol's binary form, and "
        "the answer is binary too. The limit decodes the same files, makes the same features and asks the same model "
        "in one process, on one thread and with full batches."
    ),
    columns=(
        Column("many_rps", f"{MANY} connections", "samples/s"),
        Column("many_p50_ms", f"{MANY} connections, p50", "ms", 1),
        Column("many_p99_ms", f"{MANY} connections, p99", "ms", 1),
        Column("one_p50_ms", "1 connection, p50", "ms", 2),
    ),
    targets=(Target(QUARTET, "many_rps", _SHARE, True, _BARE),),
    slices=_slices,
    chart="many_rps",
)
