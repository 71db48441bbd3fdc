"""The whole product, as `manage.py up` starts it, on a home of its own: for what a part of it alone cannot show."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.artifacts import Artifact
from bench.errors import Unavailable
from bench.place import HOME, ROOT
from bench.rest import Rest
from controlplane.embedded import ports
from controlplane.embedded.clean import delete_home
from controlplane.embedded.stack import Listen, Stack, running

#: Of whom Ada, who asks, and Ben, who approves.
_SCOPES = {"ada": "read,models:write,deployments:write,training:write,feedback", "ben": "read,approvals:write"}
_SECONDS = 120.0
_LOOK = 0.1


class Product:
    """A running one. `rest` asks in Ada's name, `headers` are for the gateway."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.manage("demo_seed")
        self.rest, self._reviewer = (Rest(stack.web_url, self._key(name, scopes)) for name, scopes in _SCOPES.items())
        self.headers = {"Authorization": f"Bearer {self._key('ada', 'infer')}", "Content-Type": "application/json"}

    def close(self) -> None:
        """Close the connections."""
        self.rest.close()
        self._reviewer.close()

    def manage(self, *command: str) -> str:
        """What a manage.py command prints."""
        argv = [sys.executable, str(ROOT / "manage.py"), *command]
        done = subprocess.run(argv, env=dict(self.stack.environ), capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[-160:]}")
        return done.stdout

    def deploy(self, name: str, artifact: Artifact, **spec: Any) -> str:
        """Register it and serve it under this name; the address that takes requests."""
        return self.serve(name, self.rest.register(name, artifact.directory), **spec)

    def serve(self, name: str, version: int, **spec: Any) -> str:
        """Deploy a version of the model of this name, with Ben's approval; the address that takes requests."""
        self.rest.ask("POST", "deployments", json={"name": name, "description": "measured"})
        asked = {"model": name, "version": version, **spec}
        revision = self.rest.ask("POST", f"deployments/{name}/revisions", json=asked)
        self._approve(revision["digest"])
        ready = f"{self.stack.gateway_url}/v2/models/{name}/ready"
        until(lambda: httpx.get(ready).is_success, "the deployment to be ready", _SECONDS)
        return f"{self.stack.gateway_url}/v2/models/{name}/infer"

    def _approve(self, digest: str) -> None:
        """A moment after it was asked for: the request comes by an event."""
        found: list[str] = []

        def there() -> bool:
            open_ones = self._reviewer.ask("GET", "approvals?state=open")["results"]
            found.extend(each["id"] for each in open_ones if each["digest"] == digest)
            return bool(found)

        until(there, "the approval request", _SECONDS)
        self._reviewer.ask("POST", f"approvals/{found[0]}/decisions", json={"verdict": "approve"})

    def _key(self, name: str, scopes: str) -> str:
        return self.manage("key_create", name, f"bench {scopes}", "--scopes", scopes).split()[-1]


@contextmanager
def product(home: Path = HOME, **settings: str) -> Iterator[Product]:
    """Starts it empty, and ends it."""
    delete_home(home)
    ours = {"DATABASE_URL", "REDIS_URL", "QUARTET_HOME"}
    environ = {name: value for name, value in os.environ.items() if name not in ours} | settings
    with running(home, Listen("127.0.0.1", ports.choose(), ports.choose()), environ=environ) as stack:
        started = Product(stack)
        try:
            yield started
        finally:
            started.close()


def until(held: Callable[[], object], what: str, seconds: float) -> None:
    """Wait until it holds. Raises Unavailable."""
    end = time.monotonic() + seconds
    while not held():
        if time.monotonic() > end:
            raise Unavailable(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(_LOOK)
