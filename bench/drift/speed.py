"""A hundred thousand predictions of sixteen signals each, made up: what a run over them takes."""

import time
from typing import Any

import numpy as np

from apps.drift.rules.profile import build
from apps.drift.rules.verdict import judge

PREDICTIONS, SIGNALS = 100_000, 16
_MODALITIES = {"picture": "image", "sound": "audio"}
_NUMBERS = (*(f"picture.{n}" for n in range(5)), *(f"sound.{n}" for n in range(5)), "confidence")
_EMBEDDINGS, _CATEGORIES = ("picture.embedding", "sound.embedding"), ("picture.colours", "sound.voice", "prediction")


def seconds(seed: int) -> float:
    """Of one verdict, from the samples as they come to the report; the profile is there already."""
    random = np.random.default_rng(seed)
    profile, window = build(_samples(random, 2000), _MODALITIES), _samples(random, PREDICTIONS)
    judge(profile, window[:500])  # the libraries are loaded
    began = time.perf_counter()
    judge(profile, window)
    return time.perf_counter() - began


def _samples(random: np.random.Generator, count: int) -> list[dict[str, Any]]:
    assert len(_NUMBERS) + len(_EMBEDDINGS) + len(_CATEGORIES) == SIGNALS
    numbers = random.normal(size=(count, len(_NUMBERS))).tolist()
    vectors = random.normal(size=(count, len(_EMBEDDINGS), 64)).astype(np.float32)
    classes = random.integers(0, 10, (count, len(_CATEGORIES))).astype(str).tolist()
    return [
        {
            **dict(zip(_NUMBERS, row, strict=True)),
            **dict(zip(_EMBEDDINGS, pair, strict=True)),
            **dict(zip(_CATEGORIES, chosen, strict=True)),
        }
        for row, pair, chosen in zip(numbers, vectors, classes, strict=True)
    ]
