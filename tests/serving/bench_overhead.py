"""Measures what the serving path costs around a model that does nothing; needs `wrk`. Not a test.

    REDIS_URL=redis://127.0.0.1:6379/5 python -m tests.serving.bench_overhead [connections] [seconds]

Requests a second depend on what else the machine does; processor time a request hardly does, so it is told as well.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson
from redis import Redis

from tests.serving import worlds
from tests.serving.processes import Gateway, Replica, write_artifact
from workers.serving import names

HANDLER = """
import numpy as np
EIGHT = np.arange(8, dtype=np.float32)
class Nothing:
    def load(self, context): pass
    def preprocess(self, sample): return sample
    def predict(self, batch): return batch
    def postprocess(self, prediction): return {"y": EIGHT}
"""
STEPS = ["preprocess", "infer", "postprocess"]
MANIFEST = {
    "inputs": [worlds.VECTOR],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 8]}],
    "stages": [{"name": step, "handler": "nothing:Nothing"} for step in STEPS],
    "samples": [{"x": [1, 2]}],
}
LUA = """
wrk.method = "POST"
wrk.body = '{body}'
wrk.headers["Authorization"] = "Bearer {key}"
"""


def replica_spec(folder: Path, url: str, stream: str) -> dict:
    return {
        "replica": "bench",
        "deployment": "bench",
        "revision": 1,
        "stage": "all",
        "steps": STEPS,
        "directory": str(folder / "artifact"),
        "files": write_artifact(folder / "artifact", {"nothing.py": HANDLER}),
        "manifest": MANIFEST,
        "stream": stream,
        "batch_max": 32,
        "device": "cpu",
        "redis_url": url,
    }


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(gateway: Gateway, folder: Path, connections: int, seconds: int) -> int:
    """Run wrk and print what it says; how many requests it made."""
    script = folder / "bench.lua"
    script.write_text(LUA.format(body=worlds.body(worlds.tensor()).decode(), key=worlds.GOOD_KEY))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    said = subprocess.run(
        [*command, f"{gateway.url}/v2/models/bench/infer"], check=True, capture_output=True, text=True
    )
    print(said.stdout)
    return int(re.search(r"(\d+) requests in", said.stdout)[1])


def main(connections: int = 64, seconds: int = 8) -> None:
    url = os.environ["REDIS_URL"]
    stream = names.stage_stream("bench", 1, "all")
    with tempfile.TemporaryDirectory() as name, Redis.from_url(url) as client:
        folder = Path(name)
        client.delete(stream)
        route = worlds.deployment(outputs=MANIFEST["outputs"], splits=[worlds.split(path=[stream])], max_in_flight=512)
        client.set(names.ROUTING, orjson.dumps(worlds.snapshot(1, bench=route)))
        replica = Replica(replica_spec(folder, url, stream))
        replica.event("ready")
        gateway = Gateway(url, folder)
        parts = {"gateway": gateway.process.pid, "replica": replica.process.pid, "Valkey": client.info()["process_id"]}
        try:
            load(gateway, folder, connections, 1)
            before = {part: processor_seconds(pid) for part, pid in parts.items()}
            requests = load(gateway, folder, connections, seconds)
            for part, pid in parts.items():
                used = processor_seconds(pid) - before[part]
                print(
                    f"{part:8} {used / requests * 1e6:6.1f} us of processor a request, {used / seconds:.0%} of a core"
                )
        finally:
            gateway.stop()
            replica.drain()


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
