"""What the model is shown of a picture and of a sound, for training and serving alike."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workers.training.digits_av.artifact.digits_av import log_mel, loudest_second, picture_pixels
from workers.training.digits_av.dataset import Dataset

edges = st.integers(1, 300)


@pytest.fixture(scope="module")
def picture(data: Dataset) -> np.ndarray:
    return data.test.pictures[0]


@pytest.fixture(scope="module")
def word(data: Dataset) -> np.ndarray:
    """A spoken digit as the engine decodes it."""
    return data.test.sounds[0].astype(np.float32) / 32768


def padded(sound: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.pad(sound, (before, after))


@given(height=edges, width=edges, colours=st.sampled_from([(), (3,)]))
def test_a_picture_of_any_size_becomes_28_by_28_from_minus_one_to_one(height: int, width: int, colours: tuple) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, *colours), np.uint8)
    pixels = picture_pixels(image)
    assert pixels.shape == (1, 28, 28)
    assert pixels.min() >= -1 and pixels.max() <= 1.0001


def test_a_picture_of_the_models_size_is_taken_pixel_for_pixel(picture: np.ndarray) -> None:
    assert torch.equal(picture_pixels(picture)[0], torch.from_numpy(picture.copy()) / 127.5 - 1)


def test_a_grey_digit_sent_in_colour_is_the_same_digit(picture: np.ndarray) -> None:
    coloured = np.repeat(picture[:, :, None], 3, axis=2)
    torch.testing.assert_close(picture_pixels(coloured), picture_pixels(picture), atol=1e-5, rtol=0)


def test_a_digit_sent_ten_times_as_large_is_nearly_the_same_digit(picture: np.ndarray) -> None:
    large = np.kron(picture, np.ones((10, 10), np.uint8))
    assert (picture_pixels(large) - picture_pixels(picture)).abs().mean() < 0.05


def test_a_wide_picture_is_put_in_the_middle_of_black() -> None:
    pixels = picture_pixels(np.full((10, 40), 255, np.uint8))[0]
    assert (pixels[:10] == -1).all()
    torch.testing.assert_close(pixels[11:17], torch.ones(6, 28))
    assert (pixels[18:] == -1).all()


def test_a_picture_a_million_pixels_wide_and_one_high_is_no_burden() -> None:
    assert picture_pixels(np.full((1, 1_000_000), 255, np.uint8)).shape == (1, 28, 28)


def test_a_picture_that_may_not_be_written_to_is_read_all_the_same(picture: np.ndarray) -> None:
    locked = picture.copy()
    locked.setflags(write=False)
    with warnings.catch_warnings(action="error"):  # torch warns of memory it could spoil
        picture_pixels(locked)


def test_a_picture_without_pixels_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="The image is empty: send a picture"):
        picture_pixels(np.zeros((0, 5), np.uint8))


@given(length=st.integers(1, 80_000))
def test_a_sound_of_any_length_becomes_64_frames_of_finite_numbers(length: int) -> None:
    features = log_mel(np.random.default_rng(0).normal(0, 0.1, length).astype(np.float32))
    assert features.shape == (64, 32)
    assert features.isfinite().all()


@given(before=st.integers(0, 40_000), after=st.integers(0, 30_000))
def test_it_does_not_matter_where_in_the_silence_the_word_stands(word: np.ndarray, before: int, after: int) -> None:
    moved, still = log_mel(padded(word, before, after)), log_mel(word)
    assert (moved - still).abs().mean() < 0.05


def test_of_two_words_the_louder_is_heard(data: Dataset) -> None:
    quiet, loud = (data.test.sounds[position].astype(np.float32) / 32768 for position in (0, 100))
    both = np.concatenate([0.2 * quiet, np.zeros(16_000, np.float32), loud])
    torch.testing.assert_close(log_mel(both), log_mel(loud), atol=0.05, rtol=0)


def test_loudness_does_not_matter(word: np.ndarray) -> None:
    torch.testing.assert_close(log_mel(0.1 * word), log_mel(word), atol=1e-3, rtol=0)


def test_the_second_heard_is_a_piece_of_the_sound(word: np.ndarray) -> None:
    noisy = padded(word, 20_000, 20_000) + np.random.default_rng(0).normal(0, 0.001, 40_000 + len(word))
    second = loudest_second(noisy.astype(np.float32))
    windows = np.lib.stride_tricks.sliding_window_view(noisy.astype(np.float32), 8000)
    assert (windows == second).all(axis=1).sum() == 1


def test_silence_is_taken_as_silence() -> None:
    silence = log_mel(np.zeros(8000, np.float32))
    assert silence.unique().numel() == 1


def test_a_sound_without_samples_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="The sound is empty: send at least one sample"):
        log_mel(np.zeros(0, np.float32))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_the_callers_fault(word: np.ndarray, wrong: float) -> None:
    spoiled = word.copy()
    spoiled[100] = wrong
    with pytest.raises(ValueError, match="not finite numbers: send samples from -1 to 1"):
        log_mel(spoiled)
