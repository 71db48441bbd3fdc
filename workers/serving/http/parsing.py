"""The parser of httptools, with a limit for heads, and without upgrades.

An upgrade that is asked for (Java's HttpClient asks for h2c by default) is ignored, as RFC 9110, 7.8 allows. The parser
alone would stop at the head of such a request and take its body for the next request.
"""

from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from workers.serving.errors import BadRequest, ServingError
from workers.serving.http.exchange import Head, Headers
from workers.serving.http.upgrade import without_upgrade


class HeadTooLarge(BadRequest):
    code, status = "head_too_large", 431
    message = "The request's line and headers, or its trailers, are over the limit of 64 KiB."
    remedy = "Send what belongs to the model in the body."


class Finder(Protocol):
    """Whoever is told what was found. Each method may raise a ServingError, which `feed` then raises."""

    def found_head(self, head: Head) -> None: ...
    def found_body(self, body: bytes) -> None: ...
    def found_end(self) -> None: ...


class Parser:
    """Tells `finder` of the requests in the bytes of one connection; a head has at most `head_limit` bytes."""

    def __init__(self, finder: Finder, head_limit: int) -> None:
        self.in_head = False
        self._finder = finder
        self._head_limit = head_limit
        self._parser = self._new()
        self._target = b""
        self._headers: Headers = {}
        self._unframed = 0  # bytes since the parser last came to the end of a head, to a piece of body or to its end
        self._plain_head = b""  # of a request that asks for an upgrade, without that

    def _new(self) -> HttpRequestParser:
        parser = HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # it is read and dropped
        return parser

    def feed(self, data: bytes) -> None:
        """Go on with `data`. Raises the ServingError with which to refuse all that comes by this connection."""
        self._unframed += len(data)
        try:
            self._feed(data)
        except HttpParserError as error:  # around whatever a callback below has raised
            cause = error.__context__
            if isinstance(cause, ServingError):
                raise cause from None
            raise BadRequest(f"This is not HTTP/1.1: {error}.") from error
        if self._unframed > self._head_limit:
            raise HeadTooLarge

    def _feed(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
                return
            except HttpParserUpgrade as upgrade:
                rest = memoryview(rest)[upgrade.args[0] :]
            self._parser = self._new()
            self._parser.feed_data(self._plain_head)

    # httptools calls these

    def on_message_begin(self) -> None:
        self._target, self._headers = b"", {}
        self.in_head = True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:  # a trailer is none of the request's headers
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._unframed > self._head_limit and self._head_size() > self._head_limit:
            raise HeadTooLarge
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if self._parser.should_upgrade():
            self._plain_head = without_upgrade(method, self._target, version, self._headers)
            return
        self.in_head = False
        self._unframed = 0
        keep_alive = self._parser.should_keep_alive() and version != "1.0"
        self._finder.found_head(Head(method.decode("latin-1"), self._target, self._headers, keep_alive))

    def on_body(self, body: bytes) -> None:
        self._unframed = 0
        self._finder.found_body(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_upgrade():
            self._unframed = 0
            self._finder.found_end()

    def _head_size(self) -> int:
        return len(self._target) + sum(len(name) + len(value) for name, value in self._headers.items())
