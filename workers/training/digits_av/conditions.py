"""Digits seen and heard under conditions that no training has met: the demo's drifts, and what models are measured on.

What is done to them is made up, and named so; the pictures are real, the voices synthetic.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.corpus import Corpus, Part, corpus, newcomers
from workers.training.digits_av.held_out import HeldOutSample, to_png, to_wav
from workers.training.digits_av.pairs import pairs
from workers.training.injections import Random, noise_at

#: Least and most radius of the blur, in pixels of 28; and the deviation of the grain, in grey levels.
_BLUR, _GRAIN = (1.0, 2.2), 30.0
#: Least and most that a sound lies above the noise, in dB.
_SNR = (0.0, 10.0)


class Condition(StrEnum):
    """What has happened to the world; `ALL` is the three at once."""

    CLEAN = "clean"
    BLUR = "blurred pictures"
    NOISE = "noisy sound"
    VOICES = "new voices"
    ALL = "all"


def under(
    condition: Condition, count: int, seed: int = 0, part: Part = Part.TRAFFIC, cache_directory: Path | None = None
) -> Iterator[HeldOutSample]:
    """Yield `count` samples of the part, test or traffic, as they look and sound under the condition.

    The same arguments give the same samples. The first call on a machine synthesises the speech (seconds).
    """
    data = _said_by(condition, part, Cache(cache_directory))
    drawn, random = pairs(data, count, seed), np.random.default_rng([seed, 1])
    for picture, sound, digit in zip(drawn.pictures, drawn.sounds, drawn.digits, strict=True):
        png = to_png(_PICTURE.get(condition, _as_it_is)(data.pictures[picture], random))
        yield HeldOutSample(int(digit), png, to_wav(_SOUND.get(condition, _as_it_is)(data.sounds[sound], random)))


def _said_by(condition: Condition, part: Part, store: Cache) -> Corpus:
    return newcomers(part, store) if condition in {Condition.VOICES, Condition.ALL} else corpus(part, store)


def out_of_focus(picture: np.ndarray, random: Random) -> np.ndarray:
    """A cheap camera in the dusk: blurred, of six tenths of the contrast, grainy. uint8 (height, width) in and out."""
    softened = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(random.uniform(*_BLUR)))
    seen = 64 + 0.6 * np.asarray(softened) + random.normal(0, _GRAIN, picture.shape)
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


def in_noise(sound: np.ndarray, random: Random) -> np.ndarray:
    """A street: white noise 0 to 10 dB below the voice. int16 samples in and out."""
    heard = noise_at(random.uniform(*_SNR))(sound.astype(np.float32) / 32768, random)
    return np.asarray(np.rint(heard * 32767), np.int16)


def _as_it_is(medium: np.ndarray, random: Random) -> np.ndarray:
    return medium


_Change = Callable[[np.ndarray, Random], np.ndarray]
_PICTURE: dict[Condition, _Change] = {Condition.BLUR: out_of_focus, Condition.ALL: out_of_focus}
_SOUND: dict[Condition, _Change] = {Condition.NOISE: in_noise, Condition.ALL: in_noise}
