"""One request's body, collected within limits."""

from workers.serving.admission import Admission
from workers.serving.errors import BodyTooLarge, UnsupportedEncoding
from workers.serving.http.compression import WINDOW_BITS, unfold
from workers.serving.http.exchange import Headers


class Body:
    """Collects a body as it comes, holding its bytes with the admission, and never more than the limit."""

    __slots__ = ("_admission", "_encoding", "_limit", "_more", "_pieces", "held")

    def __init__(self, headers: Headers, limit: int, admission: Admission) -> None:
        """Raises BodyTooLarge where Content-Length already says so, and UnsupportedEncoding."""
        self.held = 0
        self._limit = limit
        self._admission = admission
        self._pieces: bytes | bytearray = b""
        self._check(int(headers.get(b"content-length", b"0")))  # what is no number the parser has refused
        self._encoding = headers.get(b"content-encoding", b"identity").lower()
        if self._encoding not in WINDOW_BITS and self._encoding != b"identity":
            told = self._encoding.decode("latin-1")
            raise UnsupportedEncoding(f"The body's Content-Encoding {told} is not supported.")

    def add(self, chunk: bytes) -> None:
        """The next piece. Raises BodyTooLarge and TooBusy."""
        self._check(self.held + len(chunk))
        self._hold(len(chunk))
        if not self._pieces:
            self._pieces = chunk
            return
        if isinstance(self._pieces, bytes):
            self._pieces = bytearray(self._pieces)
        self._pieces += chunk

    @property
    def raw(self) -> bytes | bytearray:
        """As it came."""
        return self._pieces

    def whole(self) -> bytes | bytearray:
        """The decompressed body. Raises BodyTooLarge, TooBusy and BadRequest, for damaged compression."""
        if self._encoding == b"identity":
            return self._pieces
        plain = unfold(self._pieces, self._encoding, self._limit)
        self._hold(len(plain))
        return plain

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise BodyTooLarge(f"The request body is over the limit of {self._limit} bytes.")

    def _hold(self, size: int) -> None:
        self._admission.hold(size)
        self.held += size
