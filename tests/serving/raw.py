"""Requests byte by byte, for what no HTTP library would send: halves, floods and upgrades."""

import io
import socket
from http.client import HTTPResponse
from typing import Self

import orjson

from tests.serving import worlds

INFER = "/v2/models/doubler/infer"
BODY = worlds.body(worlds.tensor())


def head(
    path: str = INFER, method: str = "POST", length: int | None = len(BODY), key: str = worlds.GOOD_KEY, **more: str
) -> bytes:
    """A request's head; `more` are headers, with `_` for `-`."""
    headers = {"Host": "x", "X-Api-Key": key} | {name.replace("_", "-"): more[name] for name in more}
    if length is not None:
        headers["Content-Length"] = str(length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


class Answer:
    """A response as it came."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self) -> dict:
        return orjson.loads(self.body)


class _Reader(io.BufferedReader):
    """Shared by the answers of one connection, each of which would close it at its end."""

    def close(self) -> None:
        pass


class Connection:
    """One connection to a gateway."""

    def __init__(self, port: int, timeout: float = 60) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._reader = _Reader(socket.SocketIO(self.socket, "r"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def answer(self) -> Answer:
        """The next answer, whole."""
        response = HTTPResponse(self)
        response.begin()
        return Answer(response)

    def line(self) -> bytes:
        """The next line as it comes, without its end."""
        return self._reader.readline().rstrip(b"\r\n")

    def is_closed(self) -> bool:
        """Wait for what comes next: whether it is the end."""
        try:
            return self._reader.read(1) == b""
        except ConnectionResetError:
            return True

    def makefile(self, _: str) -> io.BufferedReader:
        """What HTTPResponse wants of a socket."""
        return self._reader
