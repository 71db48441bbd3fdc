"""The signals of a picture against what is known of it."""

import numpy as np
import pytest

from workers.signals.image import describe
from workers.training import injections

RANDOM = np.random.default_rng(0)
HALVES = np.repeat(np.repeat(np.array([[0, 255]], np.uint8), 40, axis=0), 20, axis=1)


def picture() -> np.ndarray:
    """Soft blobs: a scene with edges and no noise."""
    down, right = np.mgrid[0:64, 0:64]
    return np.asarray(128 + 60 * np.sin(down / 4) * np.cos(right / 5) + 40 * (right > 30), np.uint8)


def test_black_white_and_half_of_each() -> None:
    black, white = (describe(np.full((8, 8), level, np.uint8)) for level in (0, 255))
    assert (black["brightness"], white["brightness"]) == (0.0, 1.0)
    assert black["contrast"] == black["sharpness"] == black["noise"] == 0.0
    half = describe(HALVES)
    assert (half["brightness"], half["contrast"]) == (0.5, 0.5)


def test_the_variance_of_the_laplacian_is_that_of_the_definition() -> None:
    pixels = RANDOM.integers(0, 256, (12, 17)).astype(np.uint8)
    from scipy.ndimage import laplace

    expected = laplace(pixels.astype(float))[1:-1, 1:-1].var() / 255**2
    assert describe(pixels)["sharpness"] == pytest.approx(expected, rel=1e-4)


def test_noise_is_told_in_its_own_deviation_whatever_the_scene() -> None:
    for sigma in (2, 5, 10):
        noisy = np.clip(picture() + RANDOM.normal(0, sigma, (64, 64)), 0, 255).astype(np.uint8)
        assert describe(noisy)["noise"] == pytest.approx(sigma / 255, rel=0.25)


def test_each_spoiling_moves_its_signal() -> None:
    clean = describe(picture())
    spoilt = {
        name: describe(getattr(injections, name)(picture(), RANDOM)) for name in ("blurred", "noisy", "flat", "dark")
    }
    assert spoilt["blurred"]["sharpness"] < 0.5 * clean["sharpness"]
    assert spoilt["noisy"]["noise"] > 2 * clean["noise"]
    assert spoilt["flat"]["contrast"] == pytest.approx(0.6 * clean["contrast"], rel=0.05)
    assert spoilt["dark"]["brightness"] == pytest.approx(0.6 * clean["brightness"], rel=0.05)


def test_a_grey_picture_in_three_channels_has_no_colour_and_a_red_one_has() -> None:
    grey, red = np.repeat(picture()[..., None], 3, axis=2), np.zeros((9, 9, 3), np.uint8)
    red[..., 0] = 255
    assert describe(grey)["colourfulness"] == 0.0
    assert describe(red)["colourfulness"] > 0.3
    assert "colourfulness" not in describe(picture())


def test_one_pixel_has_no_sharpness() -> None:
    assert describe(np.full((1, 1), 51, np.uint8)).keys() & {"brightness", "sharpness"} == {"brightness"}


def test_the_embedding_tells_a_picture_from_itself_turned() -> None:
    upright, turned = describe(HALVES)["embedding"], describe(np.rot90(HALVES))["embedding"]
    assert upright.shape == (72,)
    assert np.abs(upright - turned).max() > 0.5
