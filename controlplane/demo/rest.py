"""What a CI job does over REST: register a version, ask for its deployment, wait."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from controlplane.embedded.errors import OperatorError

_CHUNK = 1 << 20


class Ci:
    """A REST client with CI's key. Every refusal of the control plane ends the demo with its own words."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1/", headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """One call; returns the JSON answer, raises OperatorError with the error's sentence."""
        answer = self._http.request(method, path, **content)
        if answer.is_error:
            raise OperatorError(f"{method} /api/v1/{path} was refused with {answer.status_code}: {_sentence(answer)}")
        return answer.json() if answer.content else {}

    def status(self, method: str, path: str, **content: Any) -> int:
        """The status code of a call that may be refused."""
        return self._http.request(method, path, **content).status_code

    def find(self, path: str) -> dict[str, Any] | None:
        """One object, or None where there is none."""
        return None if self.status("GET", path) == 404 else self.ask("GET", path)

    def model_ensure(self, name: str, description: str) -> None:
        """Create the model unless it is there."""
        if self.status("GET", f"models/{name}") == 404:
            self.ask("POST", "models", json={"name": name, "description": description})

    def version_register(
        self, model: str, directory: Path, lineage: dict[str, Any], parent: int | None
    ) -> dict[str, Any]:
        """Upload a directory file by file and register it; the same bytes again give the version they already have."""
        upload = self.ask("POST", f"models/{model}/uploads")["id"]
        for path in sorted(p for p in directory.rglob("*") if p.is_file()):
            name = path.relative_to(directory).as_posix()
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
            self.ask("PUT", f"uploads/{upload}/files/{name}", content=_chunks(path), headers=headers)
        body = {"upload": upload, "lineage": lineage} | ({"parent": parent} if parent else {})
        return self.ask("POST", f"models/{model}/versions", json=body)

    def deployment_ensure(self, name: str, description: str) -> dict[str, Any]:
        """Create the deployment unless it is there; returns it."""
        if self.status("GET", f"deployments/{name}") == 404:
            self.ask("POST", "deployments", json={"name": name, "description": description})
        return self.ask("GET", f"deployments/{name}")

    def revision_wait(self, deployment: str, number: int, states: set[str], seconds: float) -> dict[str, Any]:
        """Poll a revision until its state is one of `states`."""
        until = time.monotonic() + seconds
        while True:
            revision = self.ask("GET", f"deployments/{deployment}/revisions/{number}")
            if revision["state"] in states:
                return revision
            if revision["state"] in {"failed", "rejected", "superseded"} or time.monotonic() > until:
                words = f"{revision['state']} {revision.get('state_reason') or ''}".strip()
                raise OperatorError(f"Revision {number} of {deployment} did not become {' or '.join(states)}: {words}.")
            time.sleep(0.2)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _sentence(answer: httpx.Response) -> str:
    try:
        error = answer.json()["error"]
        return f"{error['message']} {error['remedy']}"
    except (ValueError, KeyError, TypeError):
        return answer.text[:300]
