"""Declared samples of the digits model as a directory that `manage.py import_dataset` reads."""

import json
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

from controlplane.demo.traffic import SENSES
from workers.training.digits_av.conditions import Condition, under
from workers.training.digits_av.corpus import Part
from workers.training.digits_av.held_out import HeldOutSample

#: Slice of the test set with every condition at once; `all` is every sample to the gates.
TOGETHER = "all at once"
#: Samples to go on learning from, and of each condition to measure with.
_OLD, _EACH = 1200, 240


def old_write(directory: Path, cache: Path) -> None:
    """What the first model learned from, as it is: so that nothing known is forgotten."""
    _write(directory, ((sample, "clean") for sample in under(Condition.CLEAN, _OLD, 1, Part.TRAIN, cache)))


def test_write(directory: Path, cache: Path) -> None:
    """What nothing learns from, with a slice for each condition."""
    samples = (
        (sample, slice_of(condition))
        for seed, condition in enumerate(Condition, start=60)
        for sample in under(condition, _EACH, seed, Part.TEST, cache)
    )
    _write(directory, samples)


def slice_of(condition: Condition) -> str:
    """What samples under the condition are called in the test set."""
    return TOGETHER if condition is Condition.ALL else condition.value


def _write(directory: Path, samples: Iterable[tuple[HeldOutSample, str]]) -> None:
    """With both senses and either alone in turn, as clients ask."""
    directory.mkdir(parents=True, exist_ok=True)
    turns = zip(samples, cycle(SENSES), strict=False)
    lines = [_line(directory, number, *told, senses) for number, (told, senses) in enumerate(turns)]
    (directory / "samples.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _line(directory: Path, number: int, sample: HeldOutSample, name: str, senses: tuple[str, ...]) -> dict[str, Any]:
    inputs = {}
    for sense, suffix, content in (("image", "png", sample.png), ("sound", "wav", sample.wav)):
        if sense in senses:
            inputs[sense] = f"{number}.{suffix}"
            (directory / inputs[sense]).write_bytes(content)
    return {"inputs": inputs, "label": str(sample.digit), "slices": [name]}
