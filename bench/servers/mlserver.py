"""MLServer with adaptive batching, in the server's own process, which spares a request the way to another."""

import asyncio
import os

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from bench.models import chosen


class Model(MLModel):
    async def load(self) -> bool:
        self._predict = chosen()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self._predict(StringCodec.decode_input(payload.inputs[0]))
        output = ResponseOutput(name="embedding", shape=list(rows.shape), datatype="FP32", data=rows.ravel().tolist())
        return InferenceResponse(model_name=self.name, outputs=[output])


async def main() -> None:
    settings = Settings(
        host="127.0.0.1", http_port=int(os.environ["BENCH_PORT"]), parallel_workers=0, debug=False,
        metrics_endpoint=None, grpc_port=int(os.environ["BENCH_PORT_2"]),
    )  # fmt: skip
    batch = int(os.environ["BENCH_BATCH"])
    model = ModelSettings(name="m", implementation=Model, max_batch_size=batch, max_batch_time=0.001)
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(main())
