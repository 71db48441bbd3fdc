"""Pictures and sounds as their files' bytes: how much of the bare pipeline's speed is left."""

import functools
import json
import struct
from typing import Any

from bench import bare, quartet
from bench.artifacts import Artifact, digits_artifact
from bench.load import Request, ask, require_same
from bench.models.media import samples
from bench.part import Figures, Part, Slice, Target
from bench.peers import QUARTET
from bench.slices import speed, speed_columns

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
        plain = request(served.url, files[:1], binary_answer=False)
        require_same(ask(plain), "scores", _bare(artifact, 0.0).answer)
        return speed(request(served.url, files, binary_answer=True), seconds)


def request(url: str, files: list[tuple[bytes, bytes]], *, binary_answer: bool) -> Request:
    """Samples (PNG, WAV) in the protocol's binary form, one a body.

    Every JSON head is padded to one length, as one header tells it for all bodies.
    """
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
    columns=speed_columns("samples/s"),
    targets=(Target(QUARTET, "many_rps", _SHARE, True, _BARE),),
    slices=_slices,
    chart="many_rps",
)
