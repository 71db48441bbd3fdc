"""W3C Trace Context: the answer to a request that belongs to a trace names our span in it.

https://www.w3.org/TR/trace-context/: `00-<trace id, 32 hex>-<span id, 16 hex>-<flags, 2 hex>`. What is malformed is
ignored, as the specification asks for.
"""

import re
import secrets

TRACEPARENT = b"traceparent"

_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_UNKNOWN_VERSION, _NO_TRACE, _NO_SPAN = b"ff", b"0" * 32, b"0" * 16


def next_span(traceparent: bytes | None) -> str:
    """The caller's traceparent with a new span of ours in it; empty when there is none to go on with."""
    found = _FORM.fullmatch(traceparent) if traceparent else None
    if found is None or found[1] == _UNKNOWN_VERSION or found[2] == _NO_TRACE or found[3] == _NO_SPAN:
        return ""
    if found[1] == b"00" and found[5]:
        return ""
    return f"00-{found[2].decode()}-{secrets.token_hex(8)}-{found[4].decode()}"
