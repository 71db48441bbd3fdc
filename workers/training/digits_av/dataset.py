"""The dataset version a model is trained and measured on: two parts of the data and the samples drawn from each."""

import hashlib
from dataclasses import dataclass

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.corpus import Corpus, Part, corpus
from workers.training.digits_av.pairs import Pairs, pairs

NAME = "digits-seen-and-heard"
_TRAIN_SAMPLES, _TEST_SAMPLES = 20_000, 2_000


@dataclass(frozen=True)
class Dataset:
    """Samples to train on and samples to measure on. The two share no picture and no utterance."""

    train: Corpus
    train_samples: Pairs
    test: Corpus
    test_samples: Pairs

    def __len__(self) -> int:
        return len(self.train_samples) + len(self.test_samples)

    def sha256(self) -> str:
        """Hex digest over all that is in it: pictures, sounds, labels and which goes with which."""
        digest = hashlib.sha256()
        for data, samples in ((self.train, self.train_samples), (self.test, self.test_samples)):
            digest.update(data.sha256().encode())
            for column in (samples.pictures, samples.sounds, samples.digits):
                digest.update(column.tobytes())
        return digest.hexdigest()


def dataset(store: Cache) -> Dataset:
    """The same dataset every time, from the cache or made now."""
    train, test = corpus(Part.TRAIN, store), corpus(Part.TEST, store)
    return Dataset(train, pairs(train, _TRAIN_SAMPLES, seed=1), test, pairs(test, _TEST_SAMPLES, seed=2))
