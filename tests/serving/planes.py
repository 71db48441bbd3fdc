"""A small serving plane out of real parts: one gateway, any number of replicas, and the snapshot between them."""

import itertools
import json
import os
import uuid
from pathlib import Path
from typing import Any, Self

import httpx
import orjson
from redis import Redis

from tests.serving import worlds
from tests.serving.processes import Gateway, Replica, until, write_artifact
from workers.serving import names

STEPS = ("preprocess", "infer", "postprocess")

#: x doubled. Some values of x[0] make a hook behave as a fault test needs it; see HANDLER.
REFUSED, FAILING, FAILING_AFTER, DEADLY, HELD = 400, 500, 501, 666, 7

HANDLER = f"""
import os, pathlib, signal, time
import numpy as np

class Doubler:
    def load(self, context):
        self.gate = pathlib.Path(os.environ.get("GATE", "/nonexistent"))

    def preprocess(self, sample):
        if sample["x"][0] == {REFUSED}:
            raise ValueError("x may not be {REFUSED}")
        return {{"x": sample["x"]}}

    def predict(self, batch):
        firsts = [each["x"][0] for each in batch]
        if {FAILING} in firsts:
            raise RuntimeError("cannot do {FAILING}")
        if {HELD} in firsts:
            self.hold()
        if {DEADLY} in firsts:
            os.kill(os.getpid(), signal.SIGKILL)
        return [{{"y": each["x"] * 2}} for each in batch]

    def hold(self):
        (self.gate / f"entered-{{os.getpid()}}").touch()
        while not (self.gate / "open").exists():
            time.sleep(0.01)

    def postprocess(self, prediction):
        if prediction["y"][0] == 2 * {FAILING_AFTER}:
            raise KeyError("gone")
        return {{"y": prediction["y"]}}

class Wide(Doubler):
    def postprocess(self, prediction):
        return {{"y": np.zeros(int(prediction["y"][0] / 2), np.float32)}}

class Counting(Doubler):
    def stream(self, features):
        first, last = features["x"]
        try:
            for step in range(int(first), int(last) + 1):
                if step == {HELD}:
                    self.hold()
                if step == {FAILING}:
                    raise RuntimeError("cannot do {FAILING}")
                yield {{"y": np.array([step, 0], np.float32)}}
        finally:
            (self.gate / "closed").touch()

class Noting(Doubler):
    def predict(self, batch):
        answers = super().predict(batch)
        with (self.gate / "order").open("a") as order:
            order.writelines(f"{{int(each['x'][0])}}\\n" for each in batch)
        return answers

class Left(Doubler):
    def predict(self, batch):
        super().predict(batch)
        return [{{"left": each["x"][:1] * 10}} for each in batch]

class Right(Doubler):
    def predict(self, batch):
        return [{{"right": each["x"][1:] * 100}} for each in batch]

class Fused(Doubler):
    def predict(self, batch):
        return [{{"y": np.concatenate([each["left"], each["right"]])}} for each in batch]

class Clashing(Left):
    def predict(self, batch):
        return [{{"left": each["x"]}} for each in batch]

class Padded(Wide):
    def predict(self, batch):
        return [each | {{"padding": np.zeros(30 << 20, np.uint8)}} for each in super().predict(batch)]
"""

MANIFEST: dict[str, Any] = {
    "inputs": [worlds.VECTOR],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
    "stages": [{"name": step, "handler": "doubler:Doubler"} for step in STEPS],
    "samples": [{"x": [1, 2]}],
}

#: Answers with as many zeros as x[0] says.
WIDE = MANIFEST | {
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, -1]}],
    "stages": [{"name": step, "handler": "doubler:Wide"} for step in STEPS],
}

#: Two models side by side, whose outputs a third joins.
GRAPH = MANIFEST | {
    "stages": [
        {"name": "preprocess", "handler": "doubler:Doubler"},
        {"name": "left", "handler": "doubler:Left", "after": ["preprocess"]},
        {"name": "right", "handler": "doubler:Right", "after": ["preprocess"]},
        {"name": "fuse", "handler": "doubler:Fused", "after": ["left", "right"]},
        {"name": "postprocess", "handler": "doubler:Doubler"},
    ]
}

#: Told in parts: x[0], x[0] + 1 ... up to x[1].
COUNTING = MANIFEST | {"stages": [{"name": step, "handler": "doubler:Counting"} for step in STEPS]}

#: Writes down in which order it saw x[0].
NOTING = MANIFEST | {"stages": [{"name": step, "handler": "doubler:Noting"} for step in STEPS], "samples": []}

_numbers = itertools.count(1)


class Plane:
    """Everything is torn down by `close`, each process by its own handle."""

    def __init__(self, redis_url: str, folder: Path, **settings: Any) -> None:
        self.redis_url = redis_url
        self.folder = folder
        self.valkey = Redis.from_url(redis_url)
        self._forget()
        self.replicas: list[Replica] = []
        self.gateway = Gateway(redis_url, folder / "home", **settings)
        self.http = httpx.Client(
            base_url=self.gateway.url, timeout=60, headers={"Authorization": f"Bearer {worlds.GOOD_KEY}"}
        )
        self.files = write_artifact(folder / "artifact", {"doubler.py": HANDLER})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        for replica in self.replicas:
            replica.kill()
        self.gateway.stop()
        self._forget()
        self.valkey.close()

    def publish(self, **deployments: dict[str, Any]) -> int:
        """Publish the next snapshot and wait until the gateway routes by it."""
        return self.publish_snapshot(worlds.snapshot(next(_numbers), **deployments))

    def publish_snapshot(self, snapshot: dict[str, Any]) -> int:
        """Publish as the control plane does: set, then tell the number."""
        number = snapshot["number"]
        self.valkey.set(names.ROUTING, orjson.dumps(snapshot))
        self.valkey.publish(names.ROUTING, number)
        until(lambda: number in self.announced(), f"the gateway to take snapshot {number}")
        return number

    def announced(self) -> list[int]:
        """The snapshot each living gateway says it routes by."""
        values = [self.valkey.get(key) for key in self.valkey.scan_iter(names.gateway_key("*"))]
        return [json.loads(value)["snapshot"] for value in values if value]

    def serve(self, revision: int = 1, stage: str = "all", steps: tuple[str, ...] = STEPS, **changes: Any) -> Replica:
        """Start a replica of deployment `doubler` and wait until it is ready; see `start`."""
        replica = self.start(revision, stage, steps, **changes)
        replica.event("ready")
        return replica

    def start(
        self, revision: int = 1, stage: str = "all", steps: tuple[str, ...] = STEPS, ahead: float = 0, **changes: Any
    ) -> Replica:
        """Start a replica without waiting, on a node whose clock is so many seconds ahead."""
        spec = {
            "replica": uuid.uuid4().hex[:8],
            "deployment": "doubler",
            "revision": revision,
            "stage": stage,
            "steps": list(steps),
            "directory": str(self.folder / "artifact"),
            "files": self.files,
            "manifest": MANIFEST,
            "stream": names.stage_stream("doubler", revision, stage),
            "batch_max": 32,
            "device": "cpu",
            "threads": 1,
            "redis_url": self.redis_url,
        } | changes
        replica = Replica(spec, env=os.environ | {"GATE": str(self.gate)}, ahead=ahead)
        self.replicas.append(replica)
        return replica

    @property
    def gate(self) -> Path:
        """Where a held prediction says that it began, and waits for `open`."""
        gate = self.folder / "gate"
        gate.mkdir(exist_ok=True)
        return gate

    def entered(self) -> list[int]:
        """Process ids of the replicas that hold a prediction, or held one."""
        return [int(path.name.partition("-")[2]) for path in self.gate.glob("entered-*")]

    def deaths(self) -> int:
        """Replicas that are no more."""
        return sum(replica.process.poll() is not None for replica in self.replicas)

    def open_gate(self) -> None:
        (self.gate / "open").touch()

    def ask(self, *x: float, name: str = "doubler", **more: Any) -> httpx.Response:
        """POST one sample."""
        return self.http.post(f"/v2/models/{name}/infer", content=worlds.body(worlds.tensor(data=x), **more))

    def depth(self, revision: int = 1, stage: str = "all") -> int:
        """Requests waiting for a stage or in progress there."""
        return int(self.valkey.xlen(names.stage_stream("doubler", revision, stage)))

    def _forget(self) -> None:
        for key in self.valkey.scan_iter(names.PREFIX + "*", count=1000):
            self.valkey.delete(key)


def numbers(response: httpx.Response, output: str = "y") -> list[float]:
    """An output's data; fails with the whole answer when it is an error."""
    assert response.status_code == 200, response.text
    return next(each["data"] for each in response.json()["outputs"] if each["name"] == output)
