"""A head that asks for an upgrade, as if it had not. Pure."""

from workers.serving.errors import MethodNotAllowed
from workers.serving.http.exchange import Headers


def without_upgrade(method: bytes, target: bytes, version: str, headers: Headers) -> bytes:
    """The head's bytes; raises MethodNotAllowed for CONNECT, which is an upgrade to the parser too."""
    if method == b"CONNECT":
        raise MethodNotAllowed("The gateway is no proxy; it does not take CONNECT.")
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    for name, value in headers.items():
        if name == b"connection":
            value = b",".join(each for each in value.split(b",") if each.strip().lower() != b"upgrade")
        if name != b"upgrade":
            lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", b""])
