"""The demo's model as the experiment asks it: scores of a picture, a sound or both, and what a sample is then like."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workers.signals import agreement, describe
from workers.training.digits_av.artifact.digits_av import load_model, log_mel, picture_pixels
from workers.training.digits_av.utterances import SAMPLE_RATE, WORDS

_BATCH = 128


class Model:
    """Loaded from the artifact's directory, on one thread."""

    def __init__(self, directory: Path) -> None:
        torch.set_num_threads(1)
        self._model = load_model(directory)

    @torch.inference_mode()
    def words(self, pictures: Sequence[np.ndarray] | None, sounds: Sequence[np.ndarray] | None) -> list[str]:
        """What it says of each picture, sound or pair; None for a sense that is hidden from it."""
        pixels = torch.stack([picture_pixels(each) for each in pictures]) if pictures is not None else None
        mels = torch.stack([log_mel(each) for each in sounds]) if sounds is not None else None
        return [WORDS[int(each)] for each in self._scores(pixels, mels).argmax(axis=1)]

    @torch.inference_mode()
    def samples(self, pictures: Sequence[np.ndarray], sounds: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        """The signals of the model's own for each pair of a picture and a float32 sound at 8 kHz."""
        found = []
        for start in range(0, len(pictures), _BATCH):
            rows = slice(start, start + _BATCH)
            pixels = torch.stack([picture_pixels(each) for each in pictures[rows]])
            mels = torch.stack([log_mel(each) for each in sounds[rows]])
            answers = [self._scores(*given) for given in ((pixels, mels), (None, mels), (pixels, None))]
            found += [_told(*scores) for scores in zip(*answers, strict=True)]
        return found

    def _scores(self, pixels: torch.Tensor | None, mels: torch.Tensor | None) -> np.ndarray:
        scores: np.ndarray = self._model(pixels, mels).logits.softmax(dim=1).numpy()
        return scores


def _told(both: np.ndarray, without_picture: np.ndarray, without_sound: np.ndarray) -> dict[str, Any]:
    agreed = agreement(both, {"picture": without_picture, "sound": without_sound})
    return {"prediction": WORDS[int(both.argmax())], "confidence": float(both.max()), **agreed}


def seen(picture: np.ndarray) -> dict[str, Any]:
    """The signals of a picture."""
    return dict(describe("picture", "image", picture))


def heard(sound: np.ndarray) -> dict[str, Any]:
    """The signals of a sound at 8 kHz."""
    return dict(describe("sound", "audio", sound, SAMPLE_RATE))
