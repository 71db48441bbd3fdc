"""How keys are made, how a routing snapshot is told from the one before, and what is told of a finished request."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.inference.errors import MalformedNews

KEY_START = "qk_"


def key_hash(key: str) -> str:
    """SHA-256 hex of a whole key. A key holds 256 random bits, so a slow password hash would add cost and no safety."""
    return hashlib.sha256(key.encode()).hexdigest()


def document_digest(document: dict[str, Any]) -> str:
    """SHA-256 hex of a snapshot's content."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


class Finished(BaseModel):
    """What a gateway tells of a finished request (workers/serving/later/news.py)."""

    model_config = ConfigDict(frozen=True, strict=True)

    id: Annotated[str, Field(pattern=r"^req_[\w-]{1,80}$")]
    endpoint: int = Field(ge=1, lt=2**63)
    key: int = Field(ge=1, lt=2**63)
    deployment: str = Field(max_length=100)
    state: Literal["done", "failed", "cancelled"]
    finished: float = Field(gt=0, lt=4e9)
    status: int | None = None
    error: dict[str, str] | None = None

    @property
    def message_id(self) -> str:
        """The same for the same request, so that it is told once however often the news comes."""
        return self.id.replace("req_", "msg_", 1)

    @property
    def at(self) -> datetime:
        """When it was finished."""
        return datetime.fromtimestamp(self.finished, UTC)

    def told(self) -> dict[str, Any]:
        """What its caller's endpoint is told; the answer itself, which may be large, is there to be fetched."""
        return {
            "id": self.id,
            "deployment": self.deployment,
            "status": self.state,
            "http_status": self.status,
            "error": self.error,
            "result_url": f"/v2/requests/{self.id}/result",
            "finished_at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def finished(raw: bytes) -> Finished:
    """A gateway's news of a finished request; raises MalformedNews."""
    try:
        return Finished.model_validate_json(raw)
    except ValidationError as error:
        problem = error.errors()[0]
        raise MalformedNews(f"{'.'.join(map(str, problem['loc'])) or 'news'}: {problem['msg']}") from None
