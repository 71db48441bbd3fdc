"""What a connection may do before there is a request: bounded heads, bounded times, and upgrades ignored."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

import pytest
import uvloop

from tests.serving import raw
from tests.serving.processes import free_port, until
from workers.serving.http.connection import Connection
from workers.serving.http.exchange import Exchange
from workers.serving.http.response import Response, json_response
from workers.serving.http.server import Server

#: Bytes of an answer that the sockets' own buffers cannot hold.
LARGE = 16_000_000

UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2_Settings": "AAEAAEAAAAIAAAABAAMAAABk"}


class Small(Connection):
    """The same for few connections."""

    max_connections = 8
    linger_seconds = 0.2


class Hasty(Small):
    """The same with times that a test can wait for."""

    head_seconds = 0.5
    idle_seconds = 1.0
    write_seconds = 0.5
    slowest = 1 << 40


class Echo:
    """Answers with what the request was taken for."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.body = b""
        exchange.reader = self
        if exchange.target == b"/unread":
            self.end()

    def data(self, chunk: bytes) -> None:
        self.body += chunk

    def end(self) -> None:
        path = self.exchange.target.decode()
        if path == "/large":
            self.exchange.respond(Response(200, bytes(LARGE)))
            return
        names = [name.decode() for name in self.exchange.headers]
        told = {"path": path, "method": self.exchange.method, "names": names, "body": self.body.decode()}
        self.exchange.respond(json_response(told))

    def gone(self) -> None:
        """Nothing is held for it."""


class Served:
    """A server in a thread of its own."""

    def __init__(self, kind: type[Connection]) -> None:
        self.port = free_port()
        self.connections: set[Connection] = set()
        self._kind = kind
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._server.stop)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._server = Server(Echo, "127.0.0.1", self.port, self._kind)
        self.connections = self._server.connections
        await self._server.run(self._ready.set)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Served(Small) as server:
        yield server.port


@pytest.fixture
def connection(port) -> Iterator[raw.Connection]:
    with raw.Connection(port) as connection:
        yield connection


@pytest.fixture(scope="module")
def hasty_server() -> Iterator[Served]:
    with Served(Hasty) as server:
        yield server


@pytest.fixture
def hasty(hasty_server) -> Iterator[raw.Connection]:
    """A connection on which time is short."""
    with raw.Connection(hasty_server.port) as connection:
        yield connection


def check(answer: raw.Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json()["code"], answer.headers["connection"]) == (status, code, "close")


def test_a_request_that_asks_for_an_upgrade_is_served_as_if_it_had_not(connection):
    connection.send(raw.head(length=5, **UPGRADE) + b"hello")
    told = connection.answer().json()
    assert (told["method"], told["path"], told["body"]) == ("POST", raw.INFER, "hello")
    assert "upgrade" not in told["names"] and "http2-settings" in told["names"]


@pytest.mark.parametrize("upgrade", ["websocket", "TLS/1.0", "h2c, websocket"])
def test_no_upgrade_makes_a_body_the_next_request(connection, upgrade):
    smuggled = raw.head("/smuggled", "GET", None)
    first = raw.head("/first", length=len(smuggled), Connection="keep-alive, Upgrade", Upgrade=upgrade)
    connection.send(first + smuggled + raw.head("/second", "GET", None))
    assert [connection.answer().json()["path"] for _ in range(2)] == ["/first", "/second"]


def test_an_upgrade_that_comes_byte_by_byte_or_behind_others_is_ignored_too(connection):
    request = raw.head("/a", "GET", None, **UPGRADE) + raw.head("/b", length=2, **UPGRADE) + b"hi"
    connection.send(request + raw.head("/c", "GET", None))
    assert [connection.answer().json()["path"] for _ in range(3)] == ["/a", "/b", "/c"]
    for place in range(len(request)):
        connection.send(request[place : place + 1])
    assert [connection.answer().json()["body"] for _ in range(2)] == ["", "hi"]


def test_an_upgrade_with_a_chunked_body_is_read_whole(connection):
    head = raw.head("/a", length=None, Transfer_Encoding="chunked", **UPGRADE)
    connection.send(head + b"3\r\nabc\r\n0\r\n\r\n" + raw.head("/b", "GET", None))
    assert [connection.answer().json()["body"] for _ in range(2)] == ["abc", ""]


def test_connect_is_refused(connection):
    connection.send(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n")
    check(connection.answer(), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "noise", [b"hello\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"]
)
def test_what_is_not_http_is_told_so(connection, noise):
    connection.send(noise)
    check(connection.answer(), 400, "bad_request")
    assert connection.is_closed()


@pytest.mark.parametrize("shape", ["one long value", "many headers", "a long line"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_head_over_the_limit_is_431(connection, shape, whole):
    size = Small.head_limit + 10_000
    more = {"X": "a" * size} if shape == "one long value" else {f"X{each}": "a" * 90 for each in range(size // 100)}
    path = "/" + "a" * size if shape == "a long line" else "/"
    head = raw.head(path, "GET", None, **({} if shape == "a long line" else more))
    connection.send(head if whole else head[:-100])
    check(connection.answer(), 431, "head_too_large")
    assert connection.is_closed()


def test_a_head_below_the_limit_is_taken(connection):
    connection.send(raw.head("/", "GET", None, X="a" * (Small.head_limit - 1000)))
    assert connection.answer().status == 200


def test_trailers_are_no_headers_and_are_bounded(connection):
    head = raw.head("/", length=None, Transfer_Encoding="chunked") + b"1\r\na\r\n0\r\n"
    connection.send(head + b"X-Late: 1\r\n\r\n")
    assert "x-late" not in connection.answer().json()["names"]
    connection.send(head + b"X-Late: " + b"a" * 2 * Small.head_limit)
    check(connection.answer(), 431, "head_too_large")


def test_a_connection_that_shows_nothing_is_closed(hasty):
    assert hasty.is_closed()


def test_a_head_that_trickles_is_408(hasty):
    hasty.send(raw.head()[:20])
    check(hasty.answer(), 408, "head_too_slow")
    assert hasty.is_closed()


def test_a_connection_is_kept_between_requests_but_not_for_ever(hasty):
    for _ in range(2):
        hasty.send(raw.head("/", "GET", None))
        assert hasty.answer().status == 200
    hasty.send(b"\r\n")  # allowed before a request, and no reason to wait longer
    assert hasty.is_closed()


def test_a_body_nobody_reads_does_not_hold_the_connection(hasty):
    hasty.send(raw.head("/unread", length=1000) + b"a")
    assert hasty.answer().status == 200
    assert hasty.is_closed()


def test_a_client_that_does_not_take_its_answer_is_cut_off(hasty_server, hasty):
    hasty.send(raw.head("/large", "GET", None))
    until(lambda: hasty_server.connections, "the request to come")
    until(lambda: not hasty_server.connections, "the connection to be cut")


def test_a_client_that_takes_a_large_answer_gets_all_of_it_and_may_ask_again(connection):
    for _ in range(2):
        connection.send(raw.head("/large", "GET", None))
        assert len(connection.answer().body) == LARGE


def test_more_connections_than_the_gateway_may_hold_are_told_so(port):
    held = [raw.Connection(port) for _ in range(Small.max_connections)]
    with raw.Connection(port) as one_more:
        check(one_more.answer(), 503, "too_many_connections")
    for each in held:
        each.close()
    until(lambda: _is_served(port), "places to be free")


def _is_served(port: int) -> bool:
    with raw.Connection(port) as connection:
        connection.send(raw.head("/", "GET", None))
        return connection.answer().status == 200


def test_requests_that_do_not_wait_for_answers_are_answered_in_order(connection):
    paths = [f"/{number}" for number in range(20)]
    connection.send(b"".join(raw.head(path, length=3) + b"abc" for path in paths))
    answers = [connection.answer().json() for _ in paths]
    assert [answer["path"] for answer in answers] == paths
    assert {answer["body"] for answer in answers} == {"abc"}


def test_a_large_answer_ahead_does_not_mix_with_the_next(connection):
    connection.send(raw.head("/large", "GET", None) + raw.head("/next", length=2) + b"ab")
    assert len(connection.answer().body) == LARGE
    assert connection.answer().json()["path"] == "/next"


def test_a_fault_behind_a_good_request_is_told_behind_its_answer(connection):
    connection.send(raw.head("/good", length=2) + b"ab" + b"nonsense\r\n\r\n")
    assert connection.answer().json()["path"] == "/good"
    check(connection.answer(), 400, "bad_request")


def test_a_client_that_asks_first_is_told_to_go_on(connection):
    connection.send(raw.head(length=5, Expect="100-continue"))
    assert connection.line() == b"HTTP/1.1 100 Continue"
    assert connection.line() == b""
    connection.send(b"hello")
    assert connection.answer().json()["body"] == "hello"


def test_the_answer_to_head_has_the_length_of_a_body_and_none(connection):
    connection.send(raw.head("/head", "HEAD", None))
    status, *headers = iter(connection.line, b"")
    assert status == b"HTTP/1.1 200 OK"
    assert any(header.lower().startswith(b"content-length: ") for header in headers)
    connection.send(raw.head("/next", "GET", None))
    assert connection.answer().json()["path"] == "/next"


@pytest.mark.parametrize("old", [b"HTTP/1.0", b"HTTP/1.1"])
def test_a_connection_ends_behind_the_answer_where_the_client_says_so(connection, old):
    head = raw.head("/", "GET", None, Connection="close").replace(b"HTTP/1.1", old)
    connection.send(head)
    answer = connection.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert connection.is_closed()


def test_a_body_in_many_pieces_is_one(connection):
    connection.send(raw.head(length=None, Transfer_Encoding="chunked"))
    for piece in (b"he", b"l", b"lo"):
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.send(b"0\r\n\r\n")
    assert connection.answer().json()["body"] == "hello"


def test_a_server_that_stops_answers_what_is_under_way_and_closes_the_rest():
    with Served(Small) as server, raw.Connection(server.port) as idle, raw.Connection(server.port) as busy:
        busy.send(raw.head(length=5) + b"he")
        until(lambda: len(server.connections) == 2, "both to be connected")
        server.stop()
        assert idle.is_closed()
        busy.send(b"llo")
        answer = busy.answer()
        assert (answer.json()["body"], answer.headers["connection"]) == ("hello", "close")
