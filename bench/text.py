"""The one text that is sent, and how."""

import json
from typing import Any

TEXT = "The quick brown fox jumps over the lazy dog near the river bank today"  # 16 tokens to MiniLM
BATCH = 32  # the largest batch of every server


def body(shape: tuple[int, ...] = (1,), **more: Any) -> bytes:
    """An Open Inference Protocol v2 request, which every server here can be made to read."""
    tensor = {"name": "text", "shape": list(shape), "datatype": "BYTES", "data": [TEXT]}
    return json.dumps({"inputs": [tensor], **more}, separators=(",", ":")).encode()
