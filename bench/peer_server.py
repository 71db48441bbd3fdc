"""One peer, serving one model."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import install, processes
from bench.errors import Unavailable
from bench.load import Request, ask
from bench.models import MODEL, WEIGHTS
from bench.peers import Peer
from bench.place import log as log_of
from bench.text import BATCH, body
from controlplane.embedded import ports

_START_SECONDS = 90.0


@dataclass(frozen=True)
class Serving:
    """A peer that answers; `pid` is the first of its processes."""

    request: Request
    pid: int


@contextmanager
def serving(peer: Peer, model: str) -> Iterator[Serving]:
    """Serves `model` (see bench.models) until the block ends. Raises Unavailable."""
    port, log = ports.choose(), log_of(peer.name)
    request = Request(f"http://127.0.0.1:{port}{peer.path}", [body(peer.shape)])
    # In /tmp by name: Ray's sockets lie deep under it, and a socket's path has a hundred characters at most.
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        with log.open("wb") as file:
            command = [str(install.python(peer.name)), "-m", f"bench.servers.{peer.name}"]
            process = processes.start(command, _environ(model, port, folder) | _libraries(peer), file)
        try:
            processes.wait_until(lambda: _answers(request), process, _START_SECONDS, log)
            yield Serving(request, process.pid)
        finally:
            processes.end(process)


def _environ(model: str, port: int, folder: str) -> dict[str, str]:
    where = {"BENCH_PORT": str(port), "BENCH_PORT_2": str(ports.choose()), "BENCH_BATCH": str(BATCH)}
    what = {MODEL: model, WEIGHTS: str(install.minilm_weights())}
    kept = {"TMPDIR": folder, "RAY_TMPDIR": folder, "PYTRITON_HOME": folder}
    silent = {"BENTOML_DO_NOT_TRACK": "True", "RAY_USAGE_STATS_ENABLED": "0", "DO_NOT_TRACK": "1"}
    return where | what | kept | silent


def _libraries(peer: Peer) -> dict[str, str]:
    """Triton's Python backend loads libpython by name, and must find that of the environment's own Python."""
    return {"LD_LIBRARY_PATH": install.python_libraries()} if peer.name == "pytriton" else {}


def _answers(request: Request) -> bool:
    try:
        ask(request)
    except (OSError, Unavailable):
        return False
    return True
