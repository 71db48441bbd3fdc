"""What a handler has and what it is given, whether it comes with Quartet or with an artifact."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

HOOKS = ("load", "preprocess", "predict", "postprocess")


@dataclass(frozen=True)
class Context:
    """What a handler's `load` is given."""

    directory: Path
    device: str  # "cpu" or "cuda:0"
    manifest: dict[str, Any]
    stages: tuple[str, ...]  # those this process hosts


class Handler(Protocol):
    """The four hooks. An artifact's handler imports nothing of Quartet."""

    def load(self, context: Context) -> None: ...
    def preprocess(self, sample: dict[str, Any]) -> dict[str, Any]: ...
    def predict(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]: ...
    def postprocess(self, prediction: dict[str, Any]) -> dict[str, Any]: ...
