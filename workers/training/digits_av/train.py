"""The training loop: from pairs to a model, the same weights each time for the same seed on one thread."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from workers.training.digits_av.artifact.digits_av import FRAMES, DigitsAV, DigitsAVConfig, log_mel, picture_pixels
from workers.training.digits_av.corpus import Corpus
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.utterances import WORDS

#: Called now and then with the steps done, the steps planned and the loss of the last step.
Progress = Callable[[int, int, float], None]

_REPORT_EVERY = 50
_SHARE_WITHOUT_SOUND = _SHARE_WITHOUT_PICTURE = 1 / 3


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    steps: int
    peak_learning_rate: float
    batch_size: int = 64


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
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), plan.peak_learning_rate, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.peak_learning_rate, total_steps=plan.steps, pct_start=0.15
    )
    model.train()
    for step in range(1, plan.steps + 1):
        loss = model(**_batch(features, samples, plan.batch_size, random)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % _REPORT_EVERY == 0 or step == plan.steps:
            progress(step, plan.steps, loss.item())
    model.eval()


def _batch(features: Features, samples: Pairs, size: int, random: torch.Generator) -> dict[str, torch.Tensor]:
    """The model's arguments for samples drawn at random, some without their picture, some without their sound."""
    chosen = torch.randint(len(samples), (size,), generator=random).numpy()
    has_picture, has_sound = _modality_dropout(size, random)
    return {
        "pixel_values": features.pixels[samples.pictures[chosen]],
        "input_values": _shifted(features.mels[samples.sounds[chosen]], random),
        "has_picture": has_picture,
        "has_sound": has_sound,
        "labels": torch.from_numpy(samples.digits[chosen]),
    }


def _modality_dropout(count: int, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Masks (has_picture, has_sound): a third of the samples lose the sound, another third the picture."""
    draw = torch.rand(count, generator=random)
    return draw >= _SHARE_WITHOUT_PICTURE, draw < 1 - _SHARE_WITHOUT_SOUND


def _shifted(mels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Each spectrogram (n, 64, 32) moved by up to a twelfth of a second, so that exact timing is not learned."""
    shift = torch.randint(-5, 6, (len(mels), 1), generator=random)
    frames = (torch.arange(FRAMES) + shift) % FRAMES
    return mels.gather(1, frames[:, :, None].expand_as(mels))
