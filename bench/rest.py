"""What the benchmark asks the control plane, as a client over REST."""

from pathlib import Path
from typing import Any

import httpx

from bench.errors import Unavailable


class Rest:
    """A key's view of /api/v1."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1/", headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """The JSON of an answer. Raises Unavailable with the sentence of a refusal."""
        answer = self._http.request(method, path, **content)
        if answer.is_error:
            raise Unavailable(f"{method} {path} was refused with {answer.status_code}: {answer.text[:160]}")
        return answer.json() if answer.content else {}

    def register(self, model: str, directory: Path) -> int:
        """Make the model and upload the directory as its version; the version's number."""
        self.ask("POST", "models", json={"name": model, "description": "measured"})
        upload = self.ask("POST", f"models/{model}/uploads")["id"]
        for path in sorted(each for each in directory.rglob("*") if each.is_file()):
            name = path.relative_to(directory).as_posix()
            headers = {"Content-Type": "application/octet-stream"}
            self.ask("PUT", f"uploads/{upload}/files/{name}", content=path.read_bytes(), headers=headers)
        return int(self.ask("POST", f"models/{model}/versions", json={"upload": upload})["number"])
