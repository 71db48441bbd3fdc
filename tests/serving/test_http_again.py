"""A head that is known again: whatever comes in, a connection with a memory hears what one without would hear."""

import asyncio

import uvloop
from hypothesis import given
from hypothesis import strategies as st

from workers.serving.http.connection import Connection
from workers.serving.http.exchange import Exchange, Head
from workers.serving.http.response import Response

HEADERS = [b"Host: x", b"Authorization: Bearer one", b"Authorization: Bearer two", b"X-Note:  Content-Length: 3 "]
ODD = [b"Connection: close", b"Expect: 100-continue", b"Transfer-Encoding: chunked", b"Upgrade: h2c", b"no header", b""]


class Forgetful(Connection):
    """The same, parsing every head."""

    def data_received(self, data: bytes) -> None:
        self._again = None
        super().data_received(data)


class Heard:
    """The application: answers each request with what it was."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._body = b""
        exchange.reader = self

    def data(self, chunk: bytes) -> None:
        self._body += chunk

    def end(self) -> None:
        exchange = self._exchange
        headers = b",".join(b"%b=%b" % each for each in exchange.headers.items())
        exchange.respond(Response(200, b"%b %b %b" % (exchange.target, headers, self._body)))

    def gone(self) -> None:
        pass


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self) -> None: ...


def said(kind: type[Connection], pieces: list[bytes], app=Heard) -> bytes:
    """What a connection answers to what comes in these pieces."""

    async def converse() -> bytes:
        connection, transport = kind(app, set()), Wire()
        connection.connection_made(transport)
        for piece in pieces:
            connection.data_received(piece)
            await asyncio.sleep(0)
        connection.connection_lost(None)
        return transport.said

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(converse())


bodies = st.sampled_from([b"", b"{}", b'{"a": 1}', b"\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"x" * 1000])
lengths = st.sampled_from([b"Content-Length: %d", b"content-length:%d", b"Content-Length: 0%d", b"CONTENT-LENGTH: %d "])


@st.composite
def requests(draw):
    """One request, most often like the one before it."""
    lines = [draw(st.sampled_from([b"POST /infer HTTP/1.1"] * 8 + [b"GET /a HTTP/1.1", b"POST /infer HTTP/1.0"]))]
    lines += draw(st.sampled_from([HEADERS[:2]] * 6 + [HEADERS[:1], [HEADERS[2]], HEADERS, [HEADERS[3]]]))
    lines += [draw(st.sampled_from(ODD))] if draw(st.integers(0, 9)) == 0 else []
    body = draw(bodies)
    off = draw(st.sampled_from([0] * 15 + [1, -1]))
    lines.insert(draw(st.sampled_from([len(lines), 1])), draw(lengths) % max(0, len(body) + off))
    return b"\r\n".join([*lines, b"", b""]) + body


@st.composite
def streams(draw):
    """Requests, some of them in two pieces and some in one with the next."""
    pieces: list[bytes] = []
    for request in draw(st.lists(requests(), min_size=2, max_size=6)):
        cut = draw(st.sampled_from([0] * 6 + [1, len(request) // 2, len(request) - 1]))
        pieces += [request[:cut], request[cut:]] if cut else [request]
    if draw(st.integers(0, 4)) == 0:
        pieces[:2] = [b"".join(pieces[:2])]
    return pieces


@given(streams())
def test_a_connection_that_remembers_its_head_hears_what_any_other_hears(pieces):
    assert said(Connection, pieces) == said(Forgetful, pieces)


def test_a_head_that_comes_again_is_the_same_head_whatever_the_length_of_its_body():
    heads: list[Head] = []

    def app(exchange: Exchange) -> None:
        heads.append(exchange.head)
        Heard(exchange)

    form = b"POST / HTTP/1.1\r\nContent-Length: %d\r\nHost: x\r\n\r\n%b"
    one, two = form % (1, b"1"), form % (2, b"22")
    answers = said(Connection, [one, one, two], app)
    assert heads[0] is heads[1] is heads[2] and answers.endswith(b"content-length=2,host=x 22")
