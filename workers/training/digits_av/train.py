"""From pairs to a model, the same weights each time for the same seed on one thread, by workers/training/loop.py."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from workers.training.digits_av.artifact.digits_av import FRAMES, DigitsAV, DigitsAVConfig, log_mel, picture_pixels
from workers.training.digits_av.corpus import Corpus
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.utterances import WORDS
from workers.training.loop import Plan, Training

#: Called now and then with the steps done, the steps planned and the loss of the last step.
Progress = Callable[[int, int, float], None]

_REPORT_EVERY = 50
_SHARE_WITHOUT_SOUND = _SHARE_WITHOUT_PICTURE = 1 / 3


FROM_SCRATCH = Plan(steps=400, peak_learning_rate=3e-3)
FROM_PARENT = Plan(steps=150, peak_learning_rate=1e-3)


@dataclass(frozen=True)
class Features:
    """A corpus as the model takes it, by the functions that also serve."""

    pixels: torch.Tensor  # (p, 1, 28, 28)
    mels: torch.Tensor  # (s, 64, 32)

    @classmethod
    def of(cls, data: Corpus) -> "Features":
        """Every picture and every utterance of the corpus."""
        pixels = torch.stack([picture_pixels(picture) for picture in data.pictures])
        mels = torch.stack([log_mel(sound.astype(np.float32) / 32768) for sound in data.sounds])
        return cls(pixels, mels)


def new_model(seed: int) -> DigitsAV:
    """An untrained model; the same seed gives the same weights."""
    torch.manual_seed(seed)
    return DigitsAV(DigitsAVConfig(id2label=dict(enumerate(WORDS)), architectures=[DigitsAV.__name__]))


def train(
    model: DigitsAV, features: Features, samples: Pairs, plan: Plan, seed: int, progress: Progress = lambda *_: None
) -> None:
    """Fit the model in place to the samples, one cycle of the learning rate over the plan's steps."""
    training = Training(model, plan, seed)
    while not training.done:
        loss = training.advance(lambda size, random: _batch(features, samples, size, random))
        if training.step % _REPORT_EVERY == 0 or training.done:
            progress(training.step, plan.steps, loss.item())
    model.eval()


def _batch(features: Features, samples: Pairs, size: int, random: torch.Generator) -> dict[str, torch.Tensor]:
    """The model's arguments for samples drawn at random."""
    chosen = torch.randint(len(samples), (size,), generator=random).numpy()
    return arguments(features, samples, chosen, random)


def arguments(
    features: Features, samples: Pairs, chosen: np.ndarray, random: torch.Generator
) -> dict[str, torch.Tensor]:
    """The model's arguments for these samples, some without their picture, some without their sound.

    A place of -1 among pictures or sounds is one that the sample has not; the other is never taken from it.
    """
    pictures, sounds = samples.pictures[chosen], samples.sounds[chosen]
    seen, heard = torch.from_numpy(pictures >= 0), torch.from_numpy(sounds >= 0)
    keeps_picture, keeps_sound = _modality_dropout(len(chosen), random)
    found = {"labels": torch.from_numpy(samples.digits[chosen])}
    if len(features.pixels):
        found |= {"pixel_values": features.pixels[pictures], "has_picture": seen & (keeps_picture | ~heard)}
    if len(features.mels):
        found["input_values"] = _shifted(features.mels[sounds], random)
        found["has_sound"] = heard & (keeps_sound | ~seen)
    return found


def _modality_dropout(count: int, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Masks (has_picture, has_sound): a third of the samples lose the sound, another third the picture."""
    draw = torch.rand(count, generator=random)
    return draw >= _SHARE_WITHOUT_PICTURE, draw < 1 - _SHARE_WITHOUT_SOUND


def _shifted(mels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Each spectrogram (n, 64, 32) moved by up to a twelfth of a second, so that exact timing is not learned."""
    shift = torch.randint(-5, 6, (len(mels), 1), generator=random)
    frames = (torch.arange(FRAMES) + shift) % FRAMES
    return mels.gather(1, frames[:, :, None].expand_as(mels))
