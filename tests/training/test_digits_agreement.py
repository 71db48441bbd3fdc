"""The reference of agreement: the model's answers to evaluation data when it only sees, only hears, and does both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.conftest import Dataset
from workers.signals import agreement
from workers.training.digits_av.artifact.digits_av import load_model
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.reference import reference
from workers.training.digits_av.train import Features

SIGNALS = ("agreement", "image.agreement", "sound.agreement")


def values(artifact: Path, data: Dataset, pairs: Pairs) -> dict[str, list[float]]:
    """What the profile of these pairs holds of each signal of agreement, rising."""
    profile = json.loads(reference(load_model(artifact), Features.of(data.test), data.test, pairs))
    return {name: profile["signals"][name]["values"] for name in SIGNALS}


def test_requests_with_both_senses_are_told_as_a_replica_would_be_asked(
    artifact: Path, data: Dataset, handler: Any
) -> None:
    drawn = data.test_samples
    pairs = Pairs(drawn.pictures[:9], drawn.sounds[:9], drawn.digits[:9])
    expected = []
    for picture, sound in zip(pairs.pictures[::3], pairs.sounds[::3], strict=True):  # each third one brings both
        image, heard = data.test.pictures[picture], data.test.sounds[sound].astype(np.float32) / 32768
        samples = [{"image": image, "sound": heard}, {"sound": heard}, {"image": image}]
        answers = handler.predict([handler.preprocess(each) for each in samples])
        whole, heard_alone, seen_alone = (handler.postprocess(each)["scores"] for each in answers)
        expected.append(agreement(whole, {"image": heard_alone, "sound": seen_alone}))
    told = values(artifact, data, pairs)
    for name in SIGNALS:
        assert told[name] == pytest.approx(sorted(each[name] for each in expected), abs=1e-3), name


def test_pairs_that_belong_together_agree_more_than_those_that_do_not(artifact: Path, data: Dataset) -> None:
    together = data.test_samples
    apart = Pairs(together.pictures, np.roll(together.sounds, 1), together.digits)
    agreed, disagreed = (np.mean(values(artifact, data, pairs)["agreement"]) for pairs in (together, apart))
    assert agreed < 0.6 * disagreed
