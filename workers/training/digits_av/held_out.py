"""Samples no training has met, encoded as a client would send them."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.corpus import Part, corpus
from workers.training.digits_av.pairs import pairs
from workers.training.digits_av.utterances import SAMPLE_RATE


class HeldOutSample(NamedTuple):
    """A digit, its picture as a PNG file and its sound as a WAV file."""

    digit: int
    png: bytes
    wav: bytes


def held_out(count: int, seed: int = 0, cache_directory: Path | None = None) -> Iterator[HeldOutSample]:
    """Yield `count` samples from the traffic part, disjoint from what models are trained and measured on.

    The first call on a machine synthesises the speech (seconds); later ones read it from the cache.
    """
    data = corpus(Part.TRAFFIC, Cache(cache_directory))
    drawn = pairs(data, count, seed)
    for picture, sound, digit in zip(drawn.pictures, drawn.sounds, drawn.digits, strict=True):
        yield HeldOutSample(int(digit), to_png(data.pictures[picture]), to_wav(data.sounds[sound]))


def to_png(image: np.ndarray) -> bytes:
    """A uint8 (height, width) picture as a grey PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()


def to_wav(samples: np.ndarray) -> bytes:
    """int16 samples at 8 kHz as a mono WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()
