"""The reference profile of what a job made: what it was measured on or learned from, and its own answers to it.

The parent's profile tells of the parent's world: held against it, what was just learned would be drift for ever.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from apps.drift.rules.kinds import CONFIDENCE, PREDICTION
from apps.drift.rules.profile import build
from workers.file_signals import described
from workers.serving.tensors import BYTES, Tensor
from workers.signals import MODALITIES, agreement
from workers.training.families import Family
from workers.training.place import Place
from workers.training.samples import Samples, TrainingSample

FILE = "reference.json"
#: Samples that a profile is made of: from fewer measured ones, those that were learned from go with them.
LEAST, MOST = 300, 900
#: The slice of what a deployment met, apps/inference/selectors: the newest world that the model knows.
_MET = "met:"
_BATCH = 128


def profile(model: nn.Module, family: Family, directory: Path, inputs: Mapping[str, str], place: Place) -> bytes | None:
    """The profile of a job's samples as JSON, the same bytes for the same weights and samples; None without signals.

    `inputs` are the model's, name -> modality. At most MOST samples are described, one at a time.
    """
    samples = chosen(directory)
    known = {name: modality for name, modality in inputs.items() if modality in MODALITIES}
    if not known or not len(samples):
        return None
    told = _answers(model, family, samples, list(inputs), place)
    found = [_inputs(samples, row, known) | told[number] for number, row in enumerate(samples.rows)]
    return build(found, inputs).to_json().encode()


def chosen(directory: Path) -> Samples:
    """Of what was met, or of everything where little was: measured samples, with learned ones where those are few."""
    learned = Samples.load(directory, "train")
    measured = Samples.load(directory, "measure") if (directory / "measure.json").is_file() else None
    held = measured.rows if measured else []
    rows: list[TrainingSample] = []
    for rows in (_met(held), _met([*held, *learned.rows]), held, [*held, *learned.rows]):
        if len(rows) >= LEAST:
            break
    return Samples(sorted(rows, key=_drawn)[:MOST], learned.files)


def _met(rows: list[TrainingSample]) -> list[TrainingSample]:
    return [row for row in rows if any(name.startswith(_MET) for name in row.slices)]


def _drawn(row: TrainingSample) -> str:
    """An order that knows nothing of what a sample is like, and is the same in every attempt."""
    return hashlib.sha256(repr(sorted(row.inputs.items())).encode()).hexdigest()


def _inputs(samples: Samples, row: TrainingSample, modalities: Mapping[str, str]) -> dict[str, Any]:
    """The signals of a sample's files by their whole names, as those of kept inputs."""
    found: dict[str, Any] = {}
    for name, sha256 in row.inputs.items():
        if name in modalities:
            _, _, told = described(modalities[name], Tensor(BYTES, (), [samples.read(sha256)]))
            found |= {f"{name}.{signal}": _value(value) for signal, value in told.get("signals", {}).items()}
    return found


def _value(value: Any) -> Any:
    return np.array(value, np.float32) if isinstance(value, list) else value


def _answers(
    model: nn.Module, family: Family, samples: Samples, names: list[str], place: Place
) -> list[dict[str, Any]]:
    """What the model says of each sample, and how far it agrees with itself with an input hidden where it has all."""
    scores = _scores(model, family, samples, place)
    told: list[dict[str, Any]] = [
        {PREDICTION: family.label(int(row.argmax())), CONFIDENCE: float(f"{row.max():.6g}")} for row in scores
    ]
    whole = [number for number, row in enumerate(samples.rows) if len(names) > 1 and set(names) <= row.inputs.keys()]
    if whole:
        hidden = {name: _scores(model, family, _without(samples, whole, name), place) for name in names}
        for at, number in enumerate(whole):
            told[number] |= agreement(scores[number], {name: rows[at] for name, rows in hidden.items()})
    return told


def _without(samples: Samples, places: list[int], name: str) -> Samples:
    rows = [samples.rows[each] for each in places]
    shown = [{key: sha256 for key, sha256 in row.inputs.items() if key != name} for row in rows]
    return Samples([TrainingSample(each, row.label) for each, row in zip(shown, rows, strict=True)], samples.files)


@torch.inference_mode()
def _scores(model: nn.Module, family: Family, samples: Samples, place: Place) -> list[np.ndarray]:
    model.eval()
    examples = family.examples(samples)
    found: list[np.ndarray] = []
    for start in range(0, len(examples), _BATCH):
        given = examples.plain(slice(start, start + _BATCH))
        with place.forward():
            logits: Any = model(**{name: value.to(place.device) for name, value in given.items()}).logits
        found += list(logits.float().softmax(dim=1).cpu().numpy())
    return found
