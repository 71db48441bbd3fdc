"""What a handler has and what it is given, whether it comes with Quartet or with an artifact.

Four hooks are needed. A fifth, `stream`, is for answers that grow while they are made, such as text; a handler (or what
it loaded) that answers in one piece only has None there after `load`, or nothing.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeGuard

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


class StreamingHandler(Handler, Protocol):
    """A handler with the optional fifth hook."""

    def stream(self, features: dict[str, Any]) -> Generator[dict[str, Any]]:
        """Instead of `predict`, for one sample whose caller asked for a stream.

        `features` is what `preprocess` gave for the sample. Each dict yielded is a whole prediction, as known so far,
        from which `postprocess` makes the outputs of one event; the last one is the answer that `predict` would have
        given. At least one is yielded. Between two steps other samples' hooks may run, never at the same time. A
        caller that goes away, or whose time is up, ends it by `close()` at any step: what it holds goes with it.
        """
        ...


def streams(handler: Handler) -> TypeGuard[StreamingHandler]:
    """Whether a loaded handler has the fifth hook."""
    return getattr(handler, "stream", None) is not None
