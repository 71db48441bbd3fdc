"""A head that has come before on its connection, known again by its bytes and not parsed a second time. Pure: no IO.

Clients send the same head with each request of a connection, but for the length of the body. Parsing it and asking the
routing what it opens took a sixth of what the gateway does for a small request.
"""

from workers.serving.http.exchange import Head, Headers

_LENGTH = b"content-length"
_FIELD = b"\r\n" + _LENGTH + b":"
_END = b"\r\n\r\n"
_DIGITS = 12  # of a length; longer ones are the parser's
_LARGEST = 4096  # bytes of a head that is kept

#: Heads with these are different each time, or are answered in a way of their own.
_NEVER_AGAIN = frozenset({b"traceparent", b"x-request-id", b"expect", b"upgrade"})


class Again:
    """A head that was taken, in the two parts around its body's length."""

    __slots__ = ("_after", "_before", "_start", "head")

    def __init__(self, head: Head, before: bytes, after: bytes) -> None:
        self.head = head
        self._before = before
        self._after = after
        self._start = len(before)

    def match(self, data: bytes) -> tuple[Headers, bytes] | None:
        """Headers and body, when `data` is one whole request with this head; or None, and then it has to be parsed."""
        if not data.startswith(self._before):
            return None
        end = data.find(b"\r", self._start, self._start + _DIGITS)
        length = data[self._start : end]
        if not length.isdigit() or not data.startswith(self._after, end):
            return None
        body = data[end + len(self._after) :]
        if len(body) != int(length):
            return None
        headers = self.head.headers
        return (headers if headers[_LENGTH] == length else {**headers, _LENGTH: length}), body


def remembered(data: bytes, head: Head) -> Again | None:
    """The head with which `data` begins, if `data` is one request and nothing else, of a kind that may come again."""
    length = head.headers.get(_LENGTH, b"")
    if not head.keep_alive or not length.isdigit() or not head.headers.keys().isdisjoint(_NEVER_AGAIN):
        return None
    end = len(data) - int(length)
    # Were there two requests, the end of the first one's head would come before the end of the second one's.
    if not 0 < end <= _LARGEST or data.find(_END) != end - len(_END):
        return None
    raw = data[:end]
    at = raw.index(length, raw.lower().index(_FIELD) + len(_FIELD))
    return Again(head, raw[:at], raw[at + len(length) :])
