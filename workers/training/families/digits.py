"""Digits seen and heard, in every flavour that is asked with pictures and sounds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn

from workers.serving import media
from workers.serving.routing import InputSpec
from workers.training.digits_av.artifact.digits_av import DigitsAV, load_model, log_mel, picture_pixels, save_model
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.train import FROM_PARENT, Features, arguments
from workers.training.families import Arguments
from workers.training.samples import Samples, SamplesUnfit

#: Inputs by modality, with what makes them the model's.
_MADE: dict[str, Callable[[np.ndarray], torch.Tensor]] = {"image": picture_pixels, "audio": log_mel}


class Digits:
    """See Family."""

    learning_rate = FROM_PARENT.peak_learning_rate
    encoders = ("vit", "ast")
    attention = ("q_proj", "v_proj")
    written = ("config.json", "model.safetensors")

    def __init__(self, directory: Path, manifest: dict[str, Any]) -> None:
        self._directory = directory
        specs = [msgspec.convert(each, InputSpec) for each in manifest["inputs"]]
        self._specs = {spec.modality: spec for spec in specs}
        if not set(self._specs) <= set(_MADE):
            raise SamplesUnfit(f"Of this family, only models of pictures and sounds learn; it takes {specs[0].name}.")

    def load(self) -> DigitsAV:
        return load_model(self._directory)

    def examples(self, samples: Samples) -> "DigitExamples":
        pixels, pictures = self._column(samples, "image")
        mels, sounds = self._column(samples, "audio")
        digits = np.array([_digit(row.label) for row in samples.rows], np.int64)
        return DigitExamples(Features(pixels, mels), Pairs(pictures, sounds, digits))

    def label(self, place: int) -> str:
        return str(place)

    def save(self, model: nn.Module, directory: Path) -> None:
        assert isinstance(model, DigitsAV)
        save_model(model, directory)

    def _column(self, samples: Samples, modality: str) -> tuple[torch.Tensor, np.ndarray]:
        """What the model takes of each file of the modality, and each sample's place among them: -1 without one."""
        spec = self._specs[modality]
        files = samples.of(spec.name)
        places = {sha256: place for place, sha256 in enumerate(files)}
        values = [_MADE[modality](_decoded(spec, samples, sha256)) for sha256 in files]
        column = [places[row.inputs[spec.name]] if spec.name in row.inputs else -1 for row in samples.rows]
        return torch.stack(values) if values else torch.empty(0), np.array(column, np.int64)


class DigitExamples:
    """See Examples."""

    def __init__(self, features: Features, samples: Pairs) -> None:
        self._features = features
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def batch(self, chosen: Sequence[int], random: torch.Generator) -> Arguments:
        return arguments(self._features, self._samples, np.asarray(chosen), random)

    def plain(self, rows: slice) -> Arguments:
        chosen = np.arange(len(self))[rows]
        found: Arguments = {}
        for name, mask, values, column in (
            ("pixel_values", "has_picture", self._features.pixels, self._samples.pictures[chosen]),
            ("input_values", "has_sound", self._features.mels, self._samples.sounds[chosen]),
        ):
            if (column >= 0).any():
                found |= {name: values[column], mask: torch.from_numpy(column >= 0)}
        return found


def _decoded(spec: InputSpec, samples: Samples, sha256: str) -> Any:
    try:
        return media.decode(spec, samples.read(sha256))
    except (media.BadMedia, ValueError) as error:
        raise SamplesUnfit(f"The file {sha256} cannot be learned from: {error}") from error


def _digit(label: str) -> int:
    if len(label) == 1 and label.isascii() and label.isdigit():
        return int(label)
    raise SamplesUnfit(f"The label '{label[:40]}' is none of the model's: it knows the digits 0 to 9.")
