"""LitServe, with the queue its documentation calls the faster one."""

import os
from typing import Any

import litserve

from bench.models import chosen
from bench.servers import oip


class Model(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self._predict = chosen()

    def decode_request(self, request: dict[str, Any], **kwargs: Any) -> str:
        return oip.text(request)

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, texts: list[str], **kwargs: Any) -> Any:
        return self._predict(texts)

    def unbatch(self, output: Any) -> Any:
        return output.tolist()

    def encode_response(self, row: list[float], **kwargs: Any) -> dict[str, Any]:
        return oip.answer(row)


if __name__ == "__main__":
    api = Model(max_batch_size=int(os.environ["BENCH_BATCH"]), batch_timeout=0.001)
    server = litserve.LitServer(api, accelerator="cpu", devices=1, workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), num_api_servers=1, generate_client_file=False,
        log_level="warning", access_log=False,
    )  # fmt: skip
