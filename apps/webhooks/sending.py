"""One POST to an address that somebody else chose.

The host's name is resolved once, each address is judged, and the connection is made to the very address that was
judged: a name that leads elsewhere a moment later changes nothing. No redirect is followed, no proxy of the
environment used, only the beginning of an answer read, and the whole has a limit of time that an answer trickling in
byte by byte does not stretch.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import httpcore

from apps.webhooks.rules.addresses import Network, refusal
from apps.webhooks.rules.target import Target, target

#: Seconds to connect to one address, and for everything together.
CONNECT = 5.0
WHOLE = 15.0
#: Bytes that are read of an answer.
_READ = 2000
_AGENT = "Quartet-Webhooks/1"

#: A host's name and port -> its addresses, numeric. Raises OSError.
Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try; `problem` in words, empty where the endpoint took it."""

    seconds: float
    status: int | None = None
    problem: str = ""
    answer: str = ""
    retry_after: timedelta | None = None


class Refused(Exception):
    """Nothing was sent; the sentence says why."""


def resolve(host: str, port: int) -> list[str]:
    """The host's addresses, as the machine's resolver gives them."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True, slots=True)
class Sender:
    """How POSTs are sent; `allowed` are the networks that the operator opens besides the public internet."""

    allowed: Sequence[Network] = ()
    connect: float = CONNECT  # seconds
    whole: float = WHOLE  # seconds
    resolve: Resolve = resolve

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POST `body`; whatever goes wrong is the outcome's problem and never an exception."""
        began = time.monotonic()
        try:
            status, told, start = self._post(url, headers, body, began + self.whole)
        except Exception as error:  # other people's servers, names and certificates: anything may happen
            return Outcome(time.monotonic() - began, problem=_problem(error))
        problem = "" if 200 <= status < 300 else _in_words(status, told)
        text = start.decode("utf-8", "replace").replace("\0", "�")
        return Outcome(time.monotonic() - began, status, problem, text, _retry_after(told))

    def _post(
        self, url: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> tuple[int, dict[str, str], bytes]:
        leads = target(url)
        backend = _Checked(leads, self, deadline)
        fixed = {"content-type": "application/json", "user-agent": _AGENT, "accept-encoding": "identity"}
        limits = {"connect": self.connect, "read": self.whole, "write": self.whole}
        with (
            httpcore.ConnectionPool(ssl_context=_trust(), network_backend=backend) as pool,
            pool.stream(
                "POST", url, headers=[*fixed.items(), *headers.items()], content=body, extensions={"timeout": limits}
            ) as response,
        ):
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return response.status, told, _start(response.iter_stream())


def _start(chunks: Iterable[bytes]) -> bytes:
    """The beginning of an answer. What ends badly after its status is none the worse for it."""
    start = b""
    try:
        for chunk in chunks:
            start += chunk
            if len(start) >= _READ:
                break
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError):
        pass
    return start[:_READ]


class _Checked(httpcore.NetworkBackend):
    """Connects to judged addresses of one target only."""

    def __init__(self, leads: Target, sender: Sender, deadline: float) -> None:
        self._leads = leads
        self._sender = sender
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = Refused(f"The name '{host}' leads to no address.")
        for address in self._sender.resolve(host, port):
            if reason := refusal(self._leads.scheme, address, port, self._sender.allowed):
                failure = Refused(f"'{host}' is not sent to: {reason}")
                continue
            try:
                stream = self._plain.connect_tcp(address, port, min(self._sender.connect, _left(self._deadline)))
            except httpcore.NetworkError as error:
                failure = error
            else:
                return _Bounded(stream, self._deadline)
        raise failure


class _Bounded(httpcore.NetworkStream):
    """A connection on which nothing goes on beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inside = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Bounded(inside, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


@cache
def _trust() -> ssl.SSLContext:
    """The machine's own list of certificate authorities; SSL_CERT_FILE names another."""
    return ssl.create_default_context()


def _in_words(status: int, told: Mapping[str, str]) -> str:
    if 300 <= status < 400:
        where = told.get("location", "nowhere")[:200]
        return f"It answered {status}, a redirect to {where}; redirects are not followed: give the final address."
    return f"It answered {status}; only 2xx means that it was taken."


def _retry_after(told: Mapping[str, str]) -> timedelta | None:
    text = told.get("retry-after", "")
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _problem(error: Exception) -> str:
    if isinstance(error, Refused | ValueError):
        return str(error)
    if isinstance(error, httpcore.ConnectTimeout):
        return "No connection came about in time."
    if isinstance(error, httpcore.TimeoutException):
        return "No answer came in time."
    if isinstance(error, socket.gaierror):
        return f"Its name cannot be resolved: {error.strerror or error}."
    return f"The connection failed: {error or type(error).__name__}"
