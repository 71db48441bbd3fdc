"""What may happen to the world, done to one sample: drifts made up, for experiments, evaluations and the demo.

Random ones take the generator that they draw from.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from PIL import Image, ImageFilter

from workers.serving.media import Video

Random = np.random.Generator
Medium = TypeVar("Medium")
#: One sample of a modality in, one out.
Injection = Callable[[Medium, Random], Medium]


def blurred(picture: np.ndarray, random: Random) -> np.ndarray:
    """A lens out of focus."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.0)))


def noisy(picture: np.ndarray, random: Random) -> np.ndarray:
    """A sensor in the dusk: normal noise of 12 grey levels."""
    return np.asarray(np.clip(picture + random.normal(0, 12, picture.shape), 0, 255), np.uint8)


def flat(picture: np.ndarray, random: Random) -> np.ndarray:
    """Six tenths of the contrast, the mean kept."""
    mean = picture.mean()
    return np.asarray(np.clip(mean + 0.6 * (picture - mean), 0, 255), np.uint8)


def dark(picture: np.ndarray, random: Random) -> np.ndarray:
    """Six tenths of the light."""
    return np.asarray(picture * 0.6, np.uint8)


def noise_at(decibels: float) -> Injection[np.ndarray]:
    """White noise at so many dB below the sound."""

    def heard(sound: np.ndarray, random: Random) -> np.ndarray:
        level = np.sqrt(np.mean(np.square(sound))) * 10 ** (-decibels / 20)
        return np.asarray(np.clip(sound + random.normal(0, level, sound.shape), -1, 1), np.float32)

    return heard


def muted(sound: np.ndarray, random: Random) -> np.ndarray:
    """A microphone with a loose contact: every third sound is silence."""
    return np.zeros_like(sound) if random.random() < 1 / 3 else sound


def dropping(video: Video, random: Random) -> Video:
    """A slow link: every frame but the first is lost with a chance of three in ten."""
    kept = random.random(len(video.frames)) >= 0.3
    kept[0] = True
    return replace(video, frames=video.frames[kept], times=video.times[kept])


def frames_of(injection: Injection[np.ndarray]) -> Injection[Video]:
    """The same done to each frame of a video."""

    def shown(video: Video, random: Random) -> Video:
        return replace(video, frames=np.stack([injection(frame, random) for frame in video.frames]))

    return shown
