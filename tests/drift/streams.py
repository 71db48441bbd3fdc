"""Streams of samples that come from one world, until something is done to it: drawn with a seed, described for real.

Pictures are scikit-learn's handwritten digits, sentences are Django's own messages with their German translations,
voices are tones with overtones under a swell, and videos are a digit that moves.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from bench.drift.messages import messages
from tests.signals.made import RATE, video
from workers.serving.media import Video
from workers.signals import Value, describe
from workers.training.digits_av.pictures import pictures

Random = np.random.Generator
Draw = Callable[[Random], Any]
Change = Callable[[Any, Random], Any]
MODALITIES = {"picture": "image", "voice": "audio", "words": "text", "clip": "video"}
_TIMES = np.arange(10) / 10


@cache
def _digits() -> np.ndarray:
    return pictures()[0]


def picture(random: Random) -> np.ndarray:
    return np.asarray(_digits()[random.integers(len(_digits()))])


def voice(random: Random, lowest: float = 90, highest: float = 180) -> np.ndarray:
    """float32 (8000,): one of many voices says one syllable, over the faint noise of a room."""
    return spoken(random, random.uniform(lowest, highest))


def high_voice(_: np.ndarray, random: Random) -> np.ndarray:
    """Other people: instead of the sound, somebody who speaks higher."""
    return voice(random, 150, 280)


def spoken(random: Random, hertz: float) -> np.ndarray:
    at = np.arange(RATE // 2) / RATE
    waves = sum(np.sin(2 * np.pi * hertz * k * at + random.uniform(0, 6)) / k for k in range(1, 8))
    swell = np.sin(np.pi * at / at[-1]) ** 2 * random.uniform(0.1, 0.2)
    sound = np.pad(waves * swell, RATE // 4) + random.normal(0, 0.0005, RATE)
    return np.asarray(sound, np.float32)


def words(random: Random) -> str:
    return str(messages("de")[random.integers(len(messages("de")))].english)


def german(_: str, random: Random) -> str:
    return str(messages("de")[random.integers(len(messages("de")))].other)


def longer(text: str, random: Random) -> str:
    return f"{text} {words(random)} {words(random)}"


def clip(random: Random) -> Video:
    large = np.pad(np.kron(picture(random), np.ones((2, 2), np.uint8)), 4)
    moves = random.integers(-3, 4, (len(_TIMES), 2))
    frames = np.stack([np.roll(large, tuple(move), (0, 1)) for move in moves])
    return video(np.repeat(frames[..., None], 3, axis=-1), _TIMES, seconds=1.0)


DRAWS: dict[str, Draw] = {"picture": picture, "voice": voice, "words": words, "clip": clip}


def stream(count: int, seed: int, changes: dict[str, Change] | None = None) -> list[dict[str, Value]]:
    """`count` samples of every input, those named in `changes` passed through them."""
    random = np.random.default_rng(seed)
    return [_sample(random, changes or {}) for _ in range(count)]


def _sample(random: Random, changes: dict[str, Change]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, draw in DRAWS.items():
        medium = draw(random)
        if name in changes:
            medium = changes[name](medium, random)
        found |= describe(name, MODALITIES[name], medium, RATE if name == "voice" else None)
    return found


def numbers(random: Random, count: int, signals: Sequence[str]) -> list[dict[str, float]]:
    """Normal numbers of no modality, cheap enough for hundreds of windows."""
    drawn = random.normal(size=(count, len(signals)))
    return [dict(zip(signals, row.tolist(), strict=True)) for row in drawn]
