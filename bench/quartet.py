"""Quartet's serving plane alone: Valkey, a gateway and one replica, as the product starts them."""

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from redis import Redis

from bench import processes
from bench.artifacts import Artifact
from bench.errors import Unavailable
from bench.place import HOME, ROOT
from bench.place import log as log_of
from bench.text import BATCH
from controlplane.embedded import ports
from controlplane.embedded.probes import http_ok
from controlplane.embedded.servers import servers
from workers.serving import names
from workers.serving.replica_spec import ReplicaSpec
from workers.serving.routing import DeploymentRoute, Hop, InputSpec, Key, OutputSpec, RoutingSnapshot, Split

_SECRET = "qk_bench"  # noqa: S105  of a gateway that lives for seconds, on loopback
_NAME = "bench"
_STEPS = ("preprocess", "infer", "postprocess")
_START_SECONDS = 120.0
HEADERS = {"Authorization": f"Bearer {_SECRET}", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Served:
    """A serving plane that answers. `pids`: gateway, replica, Valkey."""

    base: str
    pids: Mapping[str, int]
    valkey: Redis

    @property
    def url(self) -> str:
        return self.infer(_NAME)

    def infer(self, deployment: str) -> str:
        """Where a deployment takes requests."""
        return f"{self.base}/v2/models/{deployment}/infer"

    def waiting(self, others: int) -> int:
        """Requests in the streams of the first so many other deployments."""
        return sum(int(self.valkey.xlen(_stream(other(number)))) for number in range(others))


@contextmanager
def serving(artifact: Artifact, others: int = 0, home: Path = HOME) -> Iterator[Served]:
    """Serves the artifact, with `others` more deployments in the routing that nobody serves."""
    home.mkdir(parents=True, exist_ok=True)
    with servers(home, {}) as urls, Redis.from_url(urls["REDIS_URL"]) as client:
        client.flushall()
        client.set(names.ROUTING, msgspec.json.encode(_snapshot(artifact, others)))
        with _replica(artifact, urls["REDIS_URL"]) as replica, _gateway(urls["REDIS_URL"]) as (gateway, base):
            pids = {"gateway": gateway.pid, "replica": replica.pid, "valkey": int(client.info()["process_id"])}
            yield Served(base, pids, client)


def other(number: int) -> str:
    """The name of a deployment that nobody serves."""
    return f"other-{number}"


def _snapshot(artifact: Artifact, others: int) -> RoutingSnapshot:
    key = Key(1, hashlib.sha256(_SECRET.encode()).hexdigest(), ("infer",))
    deployments = {name: _route(artifact, name) for name in [_NAME, *(other(number) for number in range(others))]}
    return RoutingSnapshot(1, (key,), deployments)


def _route(artifact: Artifact, name: str) -> DeploymentRoute:
    manifest = artifact.manifest
    return DeploymentRoute(
        model=name,
        ready=True,
        inputs=msgspec.convert(manifest["inputs"], tuple[InputSpec, ...]),
        outputs=msgspec.convert(manifest["outputs"], tuple[OutputSpec, ...]),
        splits=(Split(1, "1", 100, (Hop("all", _stream(name)),), 1),),
        require_any=tuple(manifest.get("require_any", ())),
        timeout_ms=600_000,
        max_in_flight=512,
    )


def _stream(deployment: str) -> str:
    return names.stage_stream(deployment, 1, "all")


@contextmanager
def _gateway(redis_url: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    port, log = ports.choose(), log_of("quartet-gateway")
    with tempfile.TemporaryDirectory() as home, log.open("wb") as file:
        extra = {"REDIS_URL": redis_url, "QUARTET_HOME": home, "QUARTET_GATEWAY_PORT": str(port)}
        process = processes.start([sys.executable, "-m", "workers.serving.gateway"], extra, file)
        try:
            ready = http_ok("127.0.0.1", port, "/v2/health/ready")
            processes.wait_until(ready, process, _START_SECONDS, log)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            processes.end(process)


@contextmanager
def _replica(artifact: Artifact, redis_url: str) -> Iterator["subprocess.Popen[bytes]"]:
    spec = ReplicaSpec(
        replica=_NAME,
        deployment=_NAME,
        revision=1,
        stage="all",
        steps=_STEPS,
        directory=str(artifact.directory),
        files=artifact.files(),
        manifest=artifact.manifest,
        stream=_stream(_NAME),
        redis_url=redis_url,
        batch_max=BATCH,
        device="cpu",
        threads=1,
    )
    with log_of("quartet-replica").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.serving.replica"], cwd=ROOT, env=processes.environment({}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            assert process.stdin
            process.stdin.write(msgspec.json.encode(spec) + b"\n")
            process.stdin.flush()
            _await_ready(process)
            yield process
        finally:
            processes.end(process)
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()


def _await_ready(process: "subprocess.Popen[bytes]") -> None:
    """Read the replica's events up to `ready`. Raises Unavailable with the replica's own words."""
    watchdog = threading.Timer(_START_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout
        for line in process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "ready":
                return
            if event["event"] == "failed":
                raise Unavailable(f"the replica failed: {event['message']}")
        raise Unavailable(f"the replica was not ready within {_START_SECONDS:.0f} s, or ended with {process.wait()}")
    finally:
        watchdog.cancel()
