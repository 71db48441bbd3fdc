"""Samples: a picture and an utterance of the same digit, put together at random, as AV-MNIST does."""

from dataclasses import dataclass

import numpy as np

from workers.training.digits_av.corpus import Corpus


@dataclass(frozen=True)
class Pairs:
    """n samples, as positions in a corpus: all three arrays are int64 (n,)."""

    pictures: np.ndarray
    sounds: np.ndarray
    digits: np.ndarray

    def __len__(self) -> int:
        return len(self.digits)


def pairs(data: Corpus, count: int, seed: int) -> Pairs:
    """`count` pairs, every digit about as often; the same seed gives the same pairs."""
    random = np.random.default_rng(seed)
    digits = random.integers(0, 10, count)
    return Pairs(_matching(digits, data.picture_digits, random), _matching(digits, data.sound_digits, random), digits)


def _matching(digits: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """For each wanted digit, the position of some label equal to it."""
    chosen = np.empty(len(digits), np.int64)
    for digit in range(10):
        wanted = digits == digit
        chosen[wanted] = random.choice(np.flatnonzero(labels == digit), wanted.sum())
    return chosen
