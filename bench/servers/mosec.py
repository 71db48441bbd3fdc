"""mosec: a Rust front and one Python worker. Its batch timer takes whole milliseconds from one up."""

import json
import os
from typing import Any

from mosec import Server, Worker

from bench.models import chosen
from bench.servers import oip


class Model(Worker):
    def __init__(self) -> None:
        self._predict = chosen()

    def serialize(self, data: dict[str, Any]) -> bytes:
        """Its default indents the answer, which other servers are spared."""
        return json.dumps(data, separators=(",", ":")).encode()

    def forward(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = self._predict([oip.text(each) for each in data]).tolist()
        return [oip.answer(row) for row in rows]


if __name__ == "__main__":
    os.environ |= {"MOSEC_PORT": os.environ["BENCH_PORT"], "MOSEC_ADDRESS": "127.0.0.1", "MOSEC_LOG_LEVEL": "warning"}
    server = Server()
    server.append_worker(Model, num=1, max_batch_size=int(os.environ["BENCH_BATCH"]), max_wait_time=1)
    server.run()
