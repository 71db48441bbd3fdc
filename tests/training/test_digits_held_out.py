"""Traffic for the demo: encoded, repeatable, and new to every model."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workers.training.digits_av import HeldOutSample, held_out
from workers.training.digits_av.dataset import Dataset


@pytest.fixture(scope="module")
def sent(cache_directory: Path) -> list[HeldOutSample]:
    return list(held_out(100, seed=5, cache_directory=cache_directory))


def samples_of(wav: bytes) -> bytes:
    with wave.open(io.BytesIO(wav)) as file:
        return file.readframes(file.getnframes())


def test_the_same_seed_sends_the_same_bytes(sent: list[HeldOutSample], cache_directory: Path) -> None:
    assert list(held_out(100, seed=5, cache_directory=cache_directory)) == sent


def test_another_seed_sends_others(sent: list[HeldOutSample], cache_directory: Path) -> None:
    assert list(held_out(100, seed=6, cache_directory=cache_directory)) != sent


def test_pictures_and_sounds_are_as_the_manifest_declares(sent: list[HeldOutSample]) -> None:
    for _, png, wav in sent:
        picture = Image.open(io.BytesIO(png))
        assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (28, 28))
        with wave.open(io.BytesIO(wav)) as file:
            assert (file.getframerate(), file.getnchannels()) == (8000, 1)
            assert 0 < file.getnframes() < 10 * 8000


def test_all_digits_are_sent(sent: list[HeldOutSample]) -> None:
    assert {sample.digit for sample in sent} == set(range(10))


def test_no_model_was_trained_or_measured_on_them(sent: list[HeldOutSample], data: Dataset) -> None:
    met_pictures = {picture.tobytes() for part in (data.train, data.test) for picture in part.pictures}
    met_sounds = {sound.tobytes() for part in (data.train, data.test) for sound in part.sounds}
    for _, png, wav in sent:
        assert np.asarray(Image.open(io.BytesIO(png))).tobytes() not in met_pictures
        assert samples_of(wav) not in met_sounds
