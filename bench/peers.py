"""The servers that Quartet is measured beside."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """`name` is also its environment, its requirements/bench-<name>.txt and its file in bench/servers."""

    name: str
    label: str
    package: str  # the distribution whose version is told
    path: str  # where it takes a request
    shape: tuple[int, ...] = (1,)  # how its protocol calls one text
    note: str = ""


PEERS = (
    Peer("mosec", "mosec", "mosec", "/inference", note="Rust front; answers without its indents"),
    Peer(
        "pytriton", "Triton (PyTriton)", "nvidia-pytriton", "/v2/models/m/infer", (1, 1), "C++ front, dynamic batcher"
    ),
    Peer("mlserver", "MLServer", "mlserver", "/v2/models/m/infer", note="adaptive batching"),
    Peer("kserve", "KServe", "kserve", "/v2/models/m/infer", note="its Python server, which does not batch"),
    Peer("litserve", "LitServe", "litserve", "/predict", note="fast_queue"),
    Peer("bentoml", "BentoML", "bentoml", "/infer", note="batchable"),
    Peer("ray", "Ray Serve", "ray", "/infer", note="@serve.batch"),
)

QUARTET = "quartet"
#: The naive alarm that drift is set beside.
CONFIDENCE = "mean-confidence"
BY_NAME = {peer.name: peer for peer in PEERS}
LABELS = {
    QUARTET: "Quartet",
    f"{QUARTET}-binary": "Quartet, binary answer",
    f"{QUARTET}-builtin": "Quartet, built-in handler",
    "bare": "the bare model",
    CONFIDENCE: "mean confidence alone",
    **{peer.name: peer.label for peer in PEERS},
}
