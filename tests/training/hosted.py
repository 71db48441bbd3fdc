"""A trained artifact as the registry takes it in and a replica runs it."""

from pathlib import Path
from typing import Any

from apps.registry.inspection import Inspected, artifact_inspect
from workers.serving.handlers import make
from workers.serving.hooks import Context
from workers.serving.pipeline import Pipeline
from workers.serving.tensors import to_array
from workers.serving.warmup import warm_up

BATCH = 8


def inspected(directory: Path) -> Inspected:
    """What the registry's inspection says of it."""
    files = [path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()]
    return artifact_inspect(files, lambda path: directory / path, directory.name)


def hosted(directory: Path, manifest: dict[str, Any], *steps: str) -> Pipeline:
    """A replica's pipeline of these steps, loaded and warmed up."""
    handlers = make(directory, manifest, steps)
    context = Context(directory, "cpu", manifest, steps)
    for handler in {id(each): each for each in handlers.values()}.values():
        handler.load(context)
    pipeline = Pipeline(manifest, handlers, BATCH)
    warm_up(pipeline, context, BATCH)
    return pipeline


def digits(outcomes: list[Any]) -> list[int]:
    """The digit of each answer."""
    return [int(to_array(outcome["digit"])) for outcome in outcomes]
