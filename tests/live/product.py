"""The whole product, started as `manage.py up` starts it, and the hands that use and break it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from controlplane.demo.rest import Ci
from controlplane.demo.reviewer import Reviewer
from controlplane.demo.traffic import SENSES, Tally, Traffic, body
from controlplane.embedded.stack import ROOT, Stack
from tests.live.artifact import picture, silence, write_artifact
from workers.training.digits_av.held_out import HeldOutSample

MODEL, DEPLOYMENT = "constant", "digits"
SAMPLE = HeldOutSample(7, picture(), silence())


class Product:
    """A running stack with the demo's people; every wait is bounded and says what it waited for."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        seeded = json.loads(self.manage("demo_seed").splitlines()[-1])
        self.passwords, self.keys = seeded["passwords"], seeded["keys"]
        self.ci = Ci(stack.web_url, self.keys["ci"])
        self.ci.model_ensure(MODEL, "Always the same digit")
        self.ci.deployment_ensure(DEPLOYMENT, "For the live tests")

    def manage(self, *command: str) -> str:
        """Run a manage.py command against the running stack; returns what it printed."""
        argv = [sys.executable, str(ROOT / "manage.py"), *command]
        return subprocess.run(argv, env=dict(self.stack.environ), check=True, capture_output=True, text=True).stdout

    def register(self, digit: int, ails: str = "") -> int:
        """Register the model that answers `digit`, which something may ail; returns its version number."""
        directory = self.folder / f"digit-{digit}{ails}"
        if not directory.exists():
            write_artifact(directory, digit, ails)
        return int(self.ci.version_register(MODEL, directory, {}, None)["number"])

    def request(self, version: int, **spec: Any) -> dict[str, Any]:
        """Ask for a revision; it waits for approval. Unless it says so, the one before it is not kept."""
        asked = {"model": MODEL, "version": version, "keep_s": 0, **spec}
        return self.ci.ask("POST", f"deployments/{DEPLOYMENT}/revisions", json=asked)

    def approve(self, revision: dict[str, Any]) -> None:
        """Ben approves it in the admin."""
        with Reviewer(self.stack.web_url, "ben", self.passwords["ben"]) as ben:
            ben.approve(revision["digest"], "fine")

    def deploy(self, digit: int, **spec: Any) -> int:
        """Bring the model that answers `digit` live; returns the revision's number."""
        revision = self.request(self.register(digit), **spec)
        self.approve(revision)
        self.ci.revision_wait(DEPLOYMENT, revision["number"], {"live"}, 60)
        self.until(lambda: self.answer() == digit, "the new revision to answer", 30)
        return int(revision["number"])

    def post(self) -> httpx.Response:
        """One request with both senses."""
        headers = {"Authorization": f"Bearer {self.keys['app']}"}
        url = f"{self.stack.gateway_url}/v2/models/{DEPLOYMENT}/infer"
        return httpx.post(url, json=body(SAMPLE, SENSES[0]), headers=headers, timeout=35)

    def answer(self) -> int | None:
        """The digit that the deployment answers, or None when it does not."""
        try:
            response = self.post()
        except httpx.HTTPError:
            return None
        if response.is_error:
            return None
        return int(next(o["data"][0] for o in response.json()["outputs"] if o["name"] == "digit"))

    def traffic(self, rate: float = 60) -> Traffic:
        """Clients that ask without pause until stopped."""
        return Traffic(self.stack.gateway_url, self.keys["app"], [SAMPLE] * 8, rate=rate)

    def replicas(self, *states: str) -> list[dict[str, Any]]:
        """The deployment's replicas in these states."""
        found = self.ci.ask("GET", f"replicas?deployment={DEPLOYMENT}")["results"]
        return [replica for replica in found if replica["state"] in states]

    def kept(self) -> int | None:
        """The number of the revision that could take the traffic back at once."""
        number: int | None = self.ci.ask("GET", f"deployments/{DEPLOYMENT}")["kept_revision"]
        return number

    def pid(self, process: str) -> int:
        """The process id of one of the supervised processes."""
        rows = [row for row in self.stack.status() if row["name"] == process]
        assert rows, f"no process {process} among {[row['name'] for row in self.stack.status()]}"
        return int(rows[0]["pid"])

    def kill(self, process: str) -> None:
        """kill -9 a supervised process and wait until the supervisor has another one up."""
        old = self.pid(process)
        os.kill(old, signal.SIGKILL)
        self.until(lambda: self._replaced(process, old), f"{process} to be started again", 20)

    def _replaced(self, process: str, old: int) -> bool:
        [row] = [row for row in self.stack.status() if row["name"] == process]
        return row["pid"] not in (None, old) and psutil.pid_exists(row["pid"])

    def serves(self, seconds: float = 60) -> None:
        """Wait until web, gateway and the deployment work again."""
        self.until(lambda: httpx.get(f"{self.stack.web_url}/health/ready").is_success, "web to be ready", seconds)
        self.until(lambda: self.answer() is not None, "the deployment to answer", seconds)

    def holdings(self) -> dict[str, Any]:
        """What must never be lost: versions, revisions, approvals, and a whole audit chain."""
        assert "is whole" in self.manage("audit_verify")
        versions = self.ci.ask("GET", f"models/{MODEL}/versions")["results"]
        for version in versions:
            # Measured anew by each replica that becomes ready.
            del version["memory_bytes"]
        return {
            "versions": versions,
            "revisions": [r["number"] for r in self.ci.ask("GET", f"deployments/{DEPLOYMENT}/revisions")["results"]],
            "approvals": [r["id"] for r in self.ci.ask("GET", "approvals")["results"]],
        }

    def until(self, held: Callable[[], object], what: str, seconds: float) -> None:
        """Wait until `held()` is true; a connection that is refused meanwhile counts as not yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if held():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def nothing_failed(tally: Tally) -> None:
    """Every request of a run of traffic was answered, and there were some."""
    assert tally.failures == []
    assert sum(tally.versions.values()) == tally.sent > 0
