"""How often the model is right on the test part, which shares nothing with what it was trained on."""

from dataclasses import dataclass

import numpy as np
import torch

from workers.training.digits_av.artifact.digits_av import DigitsAV
from workers.training.digits_av.corpus import Corpus
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.train import Features

_BATCH = 256


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers from 0 to 1 and the number of samples behind each.

    A picture alone and a sound alone are each asked once; pairs reuse them in many combinations.
    """

    both: float
    picture: float
    sound: float
    both_samples: int
    picture_samples: int
    sound_samples: int


def evaluate(model: DigitsAV, features: Features, data: Corpus, samples: Pairs) -> Accuracy:
    """Measure the model on the samples, on every picture alone and on every sound alone."""
    both = _right(model, features.pixels[samples.pictures], features.mels[samples.sounds], samples.digits)
    picture = _right(model, features.pixels, None, data.picture_digits)
    sound = _right(model, None, features.mels, data.sound_digits)
    return Accuracy(both, picture, sound, len(samples), len(data.picture_digits), len(data.sound_digits))


@torch.inference_mode()
def _right(model: DigitsAV, pixels: torch.Tensor | None, mels: torch.Tensor | None, digits: np.ndarray) -> float:
    model.eval()
    answers = []
    for start in range(0, len(digits), _BATCH):
        rows = slice(start, start + _BATCH)
        logits = model(None if pixels is None else pixels[rows], None if mels is None else mels[rows]).logits
        answers.append(logits.argmax(dim=1).numpy())
    return round(float(np.mean(np.concatenate(answers) == digits)), 4)
