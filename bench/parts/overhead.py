"""What a server costs: a model that does nothing."""

from bench import peer_server, processes, quartet
from bench.artifacts import noop_artifact
from bench.load import Request, ask, drive, require_same, warm_up
from bench.part import Column, Figures, Part, Slice, Target
from bench.peers import PEERS, QUARTET, Peer
from bench.slices import MANY, figures, peers_slices
from bench.text import body

_MODEL = "noop"
_OUTPUT = "embedding"

_COLUMNS = (
    Column("many_rps", f"{MANY} connections", "requests/s"),
    Column("many_p50_ms", f"{MANY} connections, p50", "ms", 2),
    Column("many_p99_ms", f"{MANY} connections, p99", "ms", 2),
    Column("one_p50_ms", "1 connection, p50", "ms", 2),
    Column("cpu_us", "processor a request", "µs"),
    Column("gateway_us", "of it gateway", "µs"),
    Column("replica_us", "of it replica", "µs"),
    Column("valkey_us", "of it Valkey", "µs"),
)
#: How many times a peer's requests a second are wanted.
_FACTORS = {"litserve": 10, "bentoml": 10, "mlserver": 4, "kserve": 4, "pytriton": 1.5, "mosec": 0.2}


def _slices(seconds: float) -> dict[str, Slice]:
    expected = [float(each) for each in range(8)]
    return {QUARTET: lambda: {QUARTET: _quartet(seconds, expected)}} | peers_slices(
        lambda peer: {peer.name: _peer(peer, seconds, expected)}
    )


def _quartet(seconds: float, expected: list[float]) -> Figures:
    with quartet.serving(noop_artifact()) as served:
        request = Request(served.url, [body()], quartet.HEADERS)
        require_same(ask(request), _OUTPUT, expected)
        return _figures(request, seconds, {name: [pid] for name, pid in served.pids.items()})


def _peer(peer: Peer, seconds: float, expected: list[float]) -> Figures:
    with peer_server.serving(peer, _MODEL) as served:
        require_same(ask(served.request), _OUTPUT, expected)
        return _figures(served.request, seconds, {"": processes.family(served.pid)})


def _figures(request: Request, seconds: float, parts: dict[str, list[int]]) -> Figures:
    """`parts` are the processes whose time is told, by name; a server of one part has no name for it."""
    warm_up(request, MANY)
    before = {name: processes.cpu_seconds(pids) for name, pids in parts.items()}
    many = drive(request, MANY, seconds)
    used = {name: (processes.cpu_seconds(pids) - before[name]) / many.requests * 1e6 for name, pids in parts.items()}
    one = drive(request, 1, seconds / 2)
    spent = {f"{name}_us": micros for name, micros in used.items() if name}
    return figures(many, one) | {"cpu_us": sum(used.values())} | spent


def _targets() -> tuple[Target, ...]:
    throughput = (Target(QUARTET, "many_rps", factor, True, name) for name, factor in _FACTORS.items())
    latency = (Target(QUARTET, "one_p50_ms", 1, False, peer.name) for peer in PEERS)
    return (*throughput, Target(QUARTET, "one_p50_ms", 0.5, False), *latency)


PART = Part(
    name="overhead",
    title="Overhead: a model that does nothing",
    prose=(
        "One text comes in as Open Inference Protocol JSON, a few floats go out, and nothing happens between, so all "
        "that is measured is the server. Quartet checks a key, routes, counts and survives the death of a replica "
        "meanwhile; the peers run as their documentation shows, without access logs."
    ),
    columns=_COLUMNS,
    targets=_targets(),
    slices=_slices,
    chart="many_rps",
    compared="many_rps",
)
