"""The digits model taught by pictures alone, which takes seconds: no voice has to be made for it."""

import random
from pathlib import Path

import numpy as np
import torch

from tests.live.artifact import silence
from workers.training.digits_av.artifact.digits_av import picture_pixels
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.held_out import HeldOutSample, to_png
from workers.training.digits_av.package import package
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.pictures import pictures
from workers.training.digits_av.train import Features, new_model, train
from workers.training.loop import Plan

#: Pictures that are for learning, for measuring, and for traffic.
LEARNED, MEASURED, TRAFFIC = slice(0, 1197), slice(1197, 1497), slice(1497, 1797)
_UNMEASURED = Accuracy(0.0, 0.0, 0.0, 0, 0, 0)


def seen(part: slice) -> list[HeldOutSample]:
    """The pictures of a part with their digits, each beside a silence."""
    images, digits = pictures()
    return [HeldOutSample(int(d), to_png(i), silence()) for i, d in zip(images[part], digits[part], strict=True)]


def shuffled(samples: list[HeldOutSample]) -> list[HeldOutSample]:
    """The same pictures, their labels dealt out anew."""
    digits = [sample.digit for sample in samples]
    random.Random(7).shuffle(digits)
    return [sample._replace(digit=digit) for sample, digit in zip(samples, digits, strict=True)]


def write_taught(directory: Path, steps: int = 150) -> Path:
    """An artifact of the model after so many steps on what is for learning."""
    images, digits = (each[LEARNED] for each in pictures())
    features = Features(torch.stack([picture_pixels(image) for image in images]), torch.empty(0))
    nothing_heard = np.full(len(digits), -1, np.int64)
    model = new_model(seed=0)
    train(model, features, Pairs(np.arange(len(digits)), nothing_heard, digits), Plan(steps, 3e-3), seed=0)
    package(directory, model, _UNMEASURED, seen(TRAFFIC)[:3])
    return directory
