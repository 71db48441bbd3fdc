"""Runs the manifest's own samples through the same code as requests, so that *ready* means it has worked."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from workers.serving.errors import ServingError
from workers.serving.handlers import make
from workers.serving.hooks import Context
from workers.serving.oip.elements import MEDIA
from workers.serving.pipeline import Pipeline
from workers.serving.routing import InputSpec
from workers.serving.steps import hosted, steps
from workers.serving.tensors import BF16, BYTES, DTYPES, Sample, Tensor, from_array, to_bf16


class WarmupFailed(Exception):
    """A sample of the manifest's own did not pass; the message says which and why."""


def warm_up(pipeline: Pipeline, context: Context, batch_max: int) -> None:
    """Each sample alone, then a full batch, which shows the memory a busy replica takes. Raises WarmupFailed."""
    samples = [_sample(context, each) for each in context.manifest.get("samples", [])]
    if not samples:
        return
    samples = _checked(_earlier_steps(context, batch_max).run(samples) if _is_later(context) else list(samples))
    for sample in samples:
        _checked(pipeline.run([sample]))
    _checked(pipeline.run([samples[place % len(samples)] for place in range(batch_max)]))


def _is_later(context: Context) -> bool:
    return bool(_earlier(context))


def _earlier(context: Context) -> tuple[str, ...]:
    """The steps that lead to the hosted ones."""
    here = hosted(context.manifest, context.stages)
    after = {step.name: step.after for step in steps(context.manifest)}
    earlier: set[str] = set()
    waiting = [name for step in here for name in step.after]
    while waiting:
        name = waiting.pop()
        if name not in context.stages and name not in earlier:
            earlier.add(name)
            waiting += after[name]
    return tuple(name for name in after if name in earlier)


def _earlier_steps(context: Context, batch_max: int) -> Pipeline:
    """The steps before the hosted ones, made for the warm-up only: a later stage's input is what they give."""
    earlier = _earlier(context)
    handlers = make(context.directory, context.manifest, earlier)
    for handler in {id(each): each for each in handlers.values()}.values():
        handler.load(Context(context.directory, "cpu", context.manifest, earlier))
    return Pipeline(context.manifest, handlers, batch_max)


def _checked(outcomes: list[Any]) -> list[Sample]:
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, ServingError):
            raise WarmupFailed(f"Sample {place} of the manifest failed: {outcome}") from outcome
    return outcomes


def _sample(context: Context, described: dict[str, Any]) -> Sample:
    specs = {spec.name: spec for spec in msgspec.convert(context.manifest["inputs"], list[InputSpec])}
    try:
        return {name: _tensor(specs[name], value, context.directory) for name, value in described.items()}
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise WarmupFailed(f"A sample of the manifest cannot be read: {type(error).__name__}: {error}") from error


def _tensor(spec: InputSpec, value: Any, directory: Path) -> Tensor:
    """Media are files of the artifact; text and numbers stand in the manifest."""
    if spec.modality in MEDIA:
        return _scalar(spec, (directory / value).read_bytes())
    if spec.modality == "text":
        return _scalar(spec, str(value).encode())
    if spec.datatype == BF16:
        return to_bf16(np.array(value, np.float32))
    return from_array(np.array(value, object if spec.datatype == BYTES else DTYPES[spec.datatype]))


def _scalar(spec: InputSpec, raw: bytes) -> Tensor:
    return Tensor(BYTES, tuple(1 for _ in spec.shape[1:]), [raw])
