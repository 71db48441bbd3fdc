"""Ray Serve, with @serve.batch."""

import os
import signal
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from bench.models import MODEL, WEIGHTS, chosen
from bench.servers import oip

_BATCH = int(os.environ["BENCH_BATCH"])
_PASSED_ON = {
    name: os.environ[name] for name in (MODEL, WEIGHTS, "BENCH_BATCH", "OMP_NUM_THREADS") if name in os.environ
}


class Model:
    def __init__(self) -> None:
        self._predict = chosen()

    @serve.batch(max_batch_size=_BATCH, batch_wait_timeout_s=0.001)
    async def _batch(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._predict(texts).tolist()
        return rows

    async def __call__(self, request: Request) -> dict[str, Any]:
        return oip.answer(await self._batch(oip.text(await request.json())))


_SILENT = {"enable_access_log": False}
deployment = serve.deployment(
    num_replicas=1,
    max_ongoing_requests=256,
    ray_actor_options={"runtime_env": {"env_vars": _PASSED_ON}},
    logging_config=_SILENT,
)(Model)

if __name__ == "__main__":
    ray.init(
        _node_ip_address="127.0.0.1", num_cpus=2, include_dashboard=False, logging_level="warning", log_to_driver=False
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])}, logging_config=_SILENT)
    serve.run(deployment.bind(), route_prefix="/infer")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
