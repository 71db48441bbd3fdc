"""Triton's server, with its dynamic batcher, through PyTriton."""

import os

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from bench.models import chosen

_predict = chosen()


@batch
def infer(text: np.ndarray) -> dict[str, np.ndarray]:
    return {"embedding": _predict([each.decode() for each in text[:, 0]])}


if __name__ == "__main__":
    width = _predict(["a"]).shape[1]
    config = TritonConfig(
        http_address="127.0.0.1", http_port=int(os.environ["BENCH_PORT"]), allow_grpc=False, allow_metrics=False
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="m",
            infer_func=infer,
            inputs=[Tensor(name="text", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="embedding", dtype=np.float32, shape=(width,))],
            config=ModelConfig(
                max_batch_size=int(os.environ["BENCH_BATCH"]), batcher=DynamicBatcher(max_queue_delay_microseconds=0)
            ),
        )
        triton.serve()
