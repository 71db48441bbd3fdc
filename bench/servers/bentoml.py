"""BentoML, batchable. Served by its own command, which finds the service by name."""

import os
import sys
from typing import Any

import bentoml

from bench.models import chosen
from bench.servers import oip

_BATCH = int(os.environ["BENCH_BATCH"])


@bentoml.service(workers=1, threads=1, logging={"access": {"enabled": False}})
class Model:
    def __init__(self) -> None:
        self._predict = chosen()

    @bentoml.api(batchable=True, max_batch_size=_BATCH, route="/infer")
    def infer(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = self._predict([oip.text({"inputs": [each]}) for each in inputs]).tolist()
        return [oip.answer(row) for row in rows]


if __name__ == "__main__":
    serve = [sys.executable, "-m", "bentoml", "serve", "bench.servers.bentoml:Model", "--host", "127.0.0.1"]
    os.execv(sys.executable, [*serve, "--port", os.environ["BENCH_PORT"]])  # noqa: S606  its own command, in this process
