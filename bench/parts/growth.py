"""Whether one deployment is slower when there are many others."""

import contextlib
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from bench import quartet
from bench.artifacts import noop_artifact
from bench.errors import Unavailable
from bench.load import Request, drive, warm_up
from bench.part import Column, Figures, Part, Slice, Target
from bench.slices import MANY
from bench.text import body

_DEPLOYMENTS = 1000
_MODELS = 100  # with requests that wait
_WAITING = 200  # requests in all, however many models they wait for
_ALONE, _AMONG = "1 deployment", f"{_DEPLOYMENTS:,} deployments"
_ONE_WAITS, _MANY_WAIT = "requests wait for 1 other model", f"requests wait for {_MODELS} other models"
_PATIENCE = 30.0


def _slices(seconds: float) -> dict[str, Slice]:
    return {
        _ALONE: lambda: {_ALONE: _measure(seconds, others=0, waited_for=0)},
        _AMONG: lambda: {_AMONG: _measure(seconds, others=_DEPLOYMENTS - 1, waited_for=0)},
        _ONE_WAITS: lambda: {_ONE_WAITS: _measure(seconds, others=_MODELS, waited_for=1)},
        _MANY_WAIT: lambda: {_MANY_WAIT: _measure(seconds, others=_MODELS, waited_for=_MODELS)},
    }


def _measure(seconds: float, others: int, waited_for: int) -> Figures:
    with quartet.serving(noop_artifact(), others) as served, _waiting(served, waited_for):
        request = Request(served.url, [body()], quartet.HEADERS)
        warm_up(request, MANY)
        one = drive(request, 1, seconds)
        many = drive(request, MANY, seconds / 2)
    return {"one_p50_ms": one.p50_ms, "many_p50_ms": many.p50_ms, "many_rps": many.rps}


@contextlib.contextmanager
def _waiting(served: quartet.Served, models: int) -> Iterator[None]:
    """Requests that wait, for the length of the block, in the streams of models that nobody serves."""
    with contextlib.ExitStack() as clients:
        for number in range(_WAITING if models else 0):
            clients.enter_context(_client(served.infer(quartet.other(number % models))))
        _await_queued(served, models)
        yield


def _client(url: str) -> socket.socket:
    """One request sent, its answer not waited for."""
    address = urlsplit(url)
    client = socket.create_connection((address.hostname, address.port), timeout=_PATIENCE)
    content = body()
    told = quartet.HEADERS | {"Host": address.netloc, "Content-Length": str(len(content))}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    client.sendall(f"POST {address.path} HTTP/1.1\r\n{head}\r\n".encode() + content)
    return client


def _await_queued(served: quartet.Served, models: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while models and served.waiting(models) < _WAITING:
        if time.monotonic() > deadline:
            raise Unavailable(f"after {_PATIENCE:.0f} s not all requests that should wait do")
        time.sleep(0.1)


PART = Part(
    name="growth",
    title="Growth: one deployment among many",
    prose=(
        "The model that does nothing again: first alone in the routing, then among others; then while requests, as "
        "many each time, wait for one other model or are spread over the others."
    ),
    columns=(
        Column("one_p50_ms", "1 connection, p50", "ms", 3),
        Column("many_p50_ms", f"{MANY} connections, p50", "ms", 2),
        Column("many_rps", f"{MANY} connections", "requests/s"),
    ),
    targets=(
        Target(_AMONG, "one_p50_ms", 1.1, False, _ALONE),
        Target(_MANY_WAIT, "one_p50_ms", 1.1, False, _ONE_WAITS),
    ),
    slices=_slices,
    chart="one_p50_ms",
)
