"""A compressed body unfolded, never beyond a limit, and an answer folded. Pure: no IO."""

import zlib

from workers.serving.errors import BadRequest, BodyTooLarge

#: Content-Encodings taken, with the window bits by which zlib knows them.
WINDOW_BITS = {b"gzip": 31, b"deflate": 15}

#: Gzip may come in members, one behind the other, which together are the body: bgzip makes one of each 64 KiB.
MAX_MEMBERS = 4096

#: Bytes given to zlib at once. What follows a member's end is copied each time, so a piece is small and not the rest.
_PIECE = 16 * 1024


#: Bytes of an answer below which folding it saves nothing, and above which it is no work for the event loop.
WORTH_IT, TOO_MUCH_AT_ONCE = 256, 256 * 1024

_QUICKLY = 1


def wanted(accept: bytes) -> bytes | None:
    """The coding an answer is to have, if Accept-Encoding asks for one alone.

    Most clients list every coding they know of on every request; to fold for them would cost more than it saves.
    """
    coding = accept.strip().lower()
    return coding if coding in WINDOW_BITS else None


def fold(body: bytes, encoding: bytes) -> bytes:
    """The whole body, compressed quickly rather than well."""
    folding = zlib.compressobj(_QUICKLY, zlib.DEFLATED, WINDOW_BITS[encoding])
    return folding.compress(body) + folding.flush()


def unfold(body: bytes | bytearray, encoding: bytes, limit: int) -> bytearray:
    """The whole body. Raises BodyTooLarge as soon as it passes `limit`, and BadRequest when it is damaged."""
    plain = bytearray()
    at = members = 0
    while at < len(body) or not members:
        if members == (MAX_MEMBERS if encoding == b"gzip" else 1):
            raise BadRequest("The compressed body is followed by more than belongs to it.")
        at = _member(memoryview(body), at, WINDOW_BITS[encoding], limit, plain)
        members += 1
    return plain


def _member(body: memoryview, at: int, window_bits: int, limit: int, plain: bytearray) -> int:
    """Add what the member at `at` holds to `plain`; where it ends."""
    unfolding = zlib.decompressobj(window_bits)
    while not unfolding.eof:
        piece = body[at : at + _PIECE]
        if not piece:
            raise BadRequest("The compressed body ends too early.")
        try:
            plain += unfolding.decompress(piece, limit + 1 - len(plain))
        except zlib.error as error:
            raise BadRequest(f"The compressed body is damaged: {error}.") from None
        if len(plain) > limit:
            raise BodyTooLarge(f"The request body is over the limit of {limit} bytes.")
        at += len(piece)
    return at - len(unfolding.unused_data)
