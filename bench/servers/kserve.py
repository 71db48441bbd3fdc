"""KServe's Python server. It has no batching of its own: in a cluster its agent, a Go program, does that."""

import logging
import os
import uuid
from typing import Any

from kserve import InferOutput, InferRequest, InferResponse, ModelServer
from kserve import Model as Base
from kserve.logging import configure_logging

from bench.models import chosen


class Model(Base):
    def __init__(self) -> None:
        super().__init__("m")
        self.load()

    def load(self) -> bool:
        self._predict = chosen()
        self.ready = True
        return True

    async def predict(self, payload: InferRequest, *args: Any, **kwargs: Any) -> InferResponse:
        text = payload.inputs[0].data[0]
        row = self._predict([text])[0].tolist()
        output = InferOutput("embedding", [1, len(row)], "FP32", data=row)
        return InferResponse(payload.id or str(uuid.uuid4()), "m", [output])


if __name__ == "__main__":
    configure_logging()
    for name in ("uvicorn.access", "kserve.trace"):  # each writes a line a request
        logging.getLogger(name).setLevel(logging.WARNING)
    ModelServer(
        http_port=int(os.environ["BENCH_PORT"]), enable_grpc=False, workers=1, enable_latency_logging=False,
    ).start([Model()])  # fmt: skip
