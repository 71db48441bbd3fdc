"""The load generator: the same for every server."""

import http.client
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from bench.errors import Unavailable
from bench.install import wrk

_SCRIPT = Path(__file__).with_name("wrk.lua")
_GRACE = 20  # seconds that wrk may take beyond those it was told
_SAME = 0.99  # cosine to the bare model's answer


@dataclass(frozen=True)
class Request:
    """What is sent, over and over; several bodies in turn."""

    url: str
    bodies: Sequence[bytes]
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Load:
    """What one burst came to."""

    requests: int
    rps: float
    p50_ms: float
    p99_ms: float


def drive(request: Request, connections: int, seconds: float) -> Load:
    """Keep `connections` busy for so long. Raises Unavailable unless every answer was a good one.

    One request goes before: it is answered when those that the burst before left behind are.
    """
    ask(request)
    told = _wrk(request, connections, max(1, round(seconds)))
    if not told["requests"]:
        raise Unavailable(f"gave no answer in {seconds:.0f} s, connections: {connections}")
    if told["broken"] or told["refused"]:
        raise Unavailable(
            f"of {told['requests']} requests {told['refused']} were refused and {told['broken']} broke off"
        )
    return Load(told["requests"], told["requests"] / told["seconds"], told["p50_ms"], told["p99_ms"])


def warm_up(request: Request, connections: int) -> None:
    """A second of the same load, of which nothing is kept, and the end of what it leaves behind."""
    _wrk(request, connections, 1)
    ask(request)


def _wrk(request: Request, connections: int, seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        files = _files(Path(name), request)
        command, extra = wrk()
        command = [*command, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_SCRIPT)]
        said = subprocess.run(
            [*command, request.url, "--", *files], capture_output=True, text=True, timeout=seconds + _GRACE, env=extra
        )
    if said.returncode:
        raise Unavailable(f"wrk failed: {said.stderr or said.stdout}")
    told: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return told


def _files(folder: Path, request: Request) -> list[str]:
    (folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in request.headers.items()))
    for place, body in enumerate(request.bodies):
        (folder / f"body{place}").write_bytes(body)
    return [str(folder / "headers"), *(str(folder / f"body{place}") for place in range(len(request.bodies)))]


def ask(request: Request, seconds: float = 30.0) -> bytes:
    """One request's answer. Raises Unavailable for any status but 200, OSError while nobody listens."""
    address = urlsplit(request.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=seconds)
    try:
        connection.request("POST", address.path, request.bodies[0], dict(request.headers))
        answer = connection.getresponse()
        body = answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise Unavailable(f"answered {answer.status}: {body[:160]!r}")
    return body


def require_same(answer: bytes, output: str, expected: Sequence[float]) -> None:
    """Raises Unavailable unless the answer's output is what the bare model gives."""
    found = _numbers(json.loads(answer), output)
    if len(found) != len(expected) or _cosine(found, expected) < _SAME:
        raise Unavailable("answers something else than the bare model")


def _numbers(answer: Any, output: str) -> list[float]:
    answer = answer[0] if isinstance(answer, list) else answer
    data = next(each["data"] for each in answer["outputs"] if each["name"] == output)
    return list(data[0]) if isinstance(data[0], list) else list(data)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))
