"""The reference of agreement: the model's answers to evaluation data when it only sees, only hears, and does both."""

import numpy as np
import pytest

from tests.training.conftest import Dataset
from workers.signals.agreement import distance
from workers.training.digits_av.agreed import agreements
from workers.training.digits_av.artifact.digits_av import load_model
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.train import Features


def test_each_pair_is_told_as_a_replica_would_be_asked(artifact, data: Dataset, handler) -> None:
    pairs = Pairs(
        *(each[:5] for each in (data.test_samples.pictures, data.test_samples.sounds, data.test_samples.digits))
    )
    told = agreements(load_model(artifact), Features.of(data.test), pairs)
    for found, picture, sound in zip(told, pairs.pictures, pairs.sounds, strict=True):
        whole = {"image": data.test.pictures[picture], "sound": data.test.sounds[sound].astype(np.float32) / 32768}
        samples = [whole, {"sound": whole["sound"]}, {"image": whole["image"]}]
        both, heard, seen = (
            handler.postprocess(each)["scores"]
            for each in handler.predict([handler.preprocess(each) for each in samples])
        )
        expected = {"agreement": distance(heard, seen), "image.agreement": distance(both, heard)}
        assert found == pytest.approx(expected | {"sound.agreement": distance(both, seen)}, abs=1e-3)


def test_pairs_that_belong_together_agree_more_than_those_that_do_not(artifact, data: Dataset) -> None:
    together = data.test_samples
    apart = Pairs(together.pictures, np.roll(together.sounds, 1), together.digits)
    model, features = load_model(artifact), Features.of(data.test)
    mean = [np.mean([each["agreement"] for each in agreements(model, features, pairs)]) for pairs in (together, apart)]
    assert mean[0] < 0.6 * mean[1]
