"""A real model: how much of the bare model's speed is left behind a server."""

from bench import bare, peer_server, quartet
from bench.artifacts import minilm_artifact, minilm_builtin_artifact
from bench.load import Request, ask, require_same
from bench.part import Figures, Part, Slice, Target
from bench.peers import QUARTET, Peer
from bench.slices import peers_slices, speed, speed_columns
from bench.text import body

_BARE, _BINARY, _BUILTIN = "bare", f"{QUARTET}-binary", f"{QUARTET}-builtin"
_OUTPUT = "embedding"
_SHARES = {"fp32": 0.95, "int8": 0.85}  # of the bare model's speed


def _slices(seconds: float) -> dict[str, Slice]:
    return {name: slice_ for variant in _SHARES for name, slice_ in _variant(variant, seconds).items()}


def _variant(variant: str, seconds: float) -> dict[str, Slice]:
    expected = _Expected(f"minilm-{variant}")
    ours: dict[str, Slice] = {
        f"{variant}/{_BARE}": lambda: {f"{variant}/{_BARE}": expected.measure(seconds)},
        f"{variant}/{QUARTET}": lambda: _quartet(variant, seconds, expected),
    }
    if variant == "fp32":
        ours[f"{variant}/{_BUILTIN}"] = lambda: {f"{variant}/{_BUILTIN}": _builtin(seconds, expected)}
    return ours | peers_slices(lambda peer: {f"{variant}/{peer.name}": _peer(peer, seconds, expected)}, f"{variant}/")


class _Expected:
    """The bare model: how fast it is, and its answer, which every server must give too."""

    def __init__(self, model: str) -> None:
        self.model = model
        self._answer: list[float] = []

    def measure(self, seconds: float) -> Figures:
        told = bare.run(self.model, seconds)
        self._answer = list(told.answer)
        return {"many_rps": told.rps}

    @property
    def answer(self) -> list[float]:
        if not self._answer:
            self.measure(0.0)
        return self._answer


def _quartet(variant: str, seconds: float, expected: _Expected) -> dict[str, Figures]:
    """JSON and binary answers of one server."""
    binary = body(parameters={"binary_data_output": True})
    with quartet.serving(minilm_artifact(variant)) as served:
        plain = Request(served.url, [body()], quartet.HEADERS)
        require_same(ask(plain), _OUTPUT, expected.answer)
        return {
            f"{variant}/{QUARTET}": speed(plain, seconds),
            f"{variant}/{_BINARY}": speed(Request(served.url, [binary], quartet.HEADERS), seconds),
        }


def _builtin(seconds: float, expected: _Expected) -> Figures:
    with quartet.serving(minilm_builtin_artifact()) as served:
        request = Request(served.url, [body()], quartet.HEADERS)
        require_same(ask(request), _OUTPUT, expected.answer)
        return speed(request, seconds)


def _peer(peer: Peer, seconds: float, expected: _Expected) -> Figures:
    with peer_server.serving(peer, expected.model) as served:
        require_same(ask(served.request), _OUTPUT, expected.answer)
        return speed(served.request, seconds)


PART = Part(
    name="minilm",
    title="A real model: all-MiniLM-L6-v2",
    prose=(
        "Sixteen tokens in, the sentence's embedding out, as JSON. One row of Quartet answers in the protocol's binary "
        "form, and one is the handler that comes with Quartet, which tokenizes text by text. The limit is the bare "
        "model in a loop, on one thread and with full batches. int8 is PyTorch's own dynamic quantization."
    ),
    columns=speed_columns("texts/s"),
    targets=tuple(
        Target(f"{variant}/{row}", "many_rps", share, True, f"{variant}/{_BARE}")
        for variant, share in _SHARES.items()
        for row in (QUARTET, _BINARY)
    ),
    slices=_slices,
    chart="many_rps",
    compared="many_rps",
    most_rounds=3,
)
