"""The data in three parts that share no picture and no utterance: to train on, to measure on, to send as traffic."""

import hashlib
import inspect
import io
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.metadata import version

import numpy as np

from workers.training.digits_av import pictures, speech, utterances
from workers.training.digits_av.cache import Cache


class Part(StrEnum):
    """What a part is for. Traffic is apart, so that a model retrained on its traffic can still be measured on test."""

    TRAIN = "train"
    TEST = "test"
    TRAFFIC = "traffic"


@dataclass(frozen=True)
class _Share:
    pictures: slice
    takes: int
    seed: int
    voices: tuple[str, ...] = utterances.VOICES


_SHARES = {
    Part.TRAIN: _Share(slice(0, 1197), takes=4, seed=1),
    Part.TEST: _Share(slice(1197, 1497), takes=1, seed=2),
    Part.TRAFFIC: _Share(slice(1497, 1797), takes=1, seed=3),
}
#: The same pictures as in the parts of these names, said by voices that no training has met.
_NEWCOMERS = {
    part: replace(_SHARES[part], takes=2, seed=seed, voices=utterances.NEWCOMERS)
    for part, seed in ((Part.TEST, 4), (Part.TRAFFIC, 5))
}


@dataclass(frozen=True)
class Corpus:
    """One part of the data. Pictures and sounds are not yet paired."""

    pictures: np.ndarray  # uint8 (p, 28, 28)
    picture_digits: np.ndarray  # int64 (p,)
    sounds: list[np.ndarray]  # int16 (t,) at 8 kHz, each shorter than a second
    sound_digits: np.ndarray  # int64 (s,)

    def sha256(self) -> str:
        """Hex digest over every picture, utterance and label."""
        return hashlib.sha256(_to_bytes(self)).hexdigest()


def corpus(part: Part, store: Cache) -> Corpus:
    """The part, from the cache or made now (about a second for each 2,000 utterances)."""
    return _from_bytes(store.get(f"digits-av-{part}-{_recipe()}", lambda: _to_bytes(_made(_SHARES[part]))))


def newcomers(part: Part, store: Cache) -> Corpus:
    """The pictures of the part, test or traffic, with the digits said by people whom no training has met."""
    name = f"digits-av-newcomers-{part}-{_recipe()}"
    return _from_bytes(store.get(name, lambda: _to_bytes(_made(_NEWCOMERS[part]))))


def _made(share: _Share) -> Corpus:
    images, digits = pictures.pictures()
    spoken = list(utterances.utterances(utterances.phrases(share.takes, share.seed, share.voices)))
    sound_digits = np.array([utterance.digit for utterance in spoken], np.int64)
    return Corpus(images[share.pictures], digits[share.pictures], [u.samples for u in spoken], sound_digits)


@cache
def _recipe() -> str:
    """Names everything the data depends on: change any of it and the cache is missed."""
    sources = [inspect.getsource(module) for module in (pictures, speech, utterances, sys.modules[__name__])]
    libraries = [f"{name} {version(name)}" for name in ("espeakng-loader", "numpy", "pillow", "scikit-learn", "scipy")]
    return hashlib.sha256("\0".join([*sources, *libraries]).encode()).hexdigest()[:16]


def _to_bytes(data: Corpus) -> bytes:
    """The sounds go end to end into one array with their lengths beside it, since they differ in length."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        pictures=data.pictures,
        picture_digits=data.picture_digits,
        samples=np.concatenate(data.sounds),
        lengths=np.array([len(sound) for sound in data.sounds]),
        sound_digits=data.sound_digits,
    )
    return buffer.getvalue()


def _from_bytes(content: bytes) -> Corpus:
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        sounds = np.split(stored["samples"], np.cumsum(stored["lengths"])[:-1])
        return Corpus(stored["pictures"], stored["picture_digits"], sounds, stored["sound_digits"])
